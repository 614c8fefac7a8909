#include "data/dataset_info.h"

#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "data/training_text.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

Failure wrong_entry(const std::string& where, std::string found, std::string wanted,
                    std::string fix) {
  return bad_input({.where = where,
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = std::move(fix)});
}

// The text of a member, or `otherwise`.
std::string text_of(const Json& object, const char* key, std::string otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

ContentRule rule_of(const std::string& column, bool optional) {
  ContentRule rule;
  rule.parts.push_back({.literal = {}, .column = column, .optional = optional});
  return rule;
}

void map_alpaca(const Json& columns, bool ranking, Mapping& mapping) {
  const std::string query = text_of(columns, "query", "input");
  ContentRule user = rule_of(text_of(columns, "prompt", "instruction"), false);
  user.separator = "\n";
  user.parts.push_back({.literal = {}, .column = query, .optional = true});
  mapping.user = std::move(user);
  if (!ranking) mapping.assistant = rule_of(text_of(columns, "response", "output"), false);
  if (const std::string history = text_of(columns, "history", ""); !history.empty())
    mapping.history = history + "?";
}

void map_sharegpt(const Json& columns, const Json& tags, Mapping& mapping) {
  mapping.messages = text_of(columns, "messages", "conversations");
  mapping.tags.role_key = text_of(tags, "role_tag", "from");
  mapping.tags.content_key = text_of(tags, "content_tag", "value");
  constexpr std::array<std::array<const char*, 3>, 5> kRoles = {
      {{"user_tag", "human", "user"},
       {"assistant_tag", "gpt", "assistant"},
       {"observation_tag", "observation", "observation"},
       {"function_tag", "function_call", "function_call"},
       {"system_tag", "system", "system"}}};
  for (const auto& [tag, usual, meaning] : kRoles)
    mapping.tags.roles.emplace_back(text_of(tags, tag, usual), meaning);
}

std::string file_part(const std::string& path) {
  return Path(name_without_compression(path)).filename().string();
}

// The names of the entries whose file is that of `data`.
std::vector<std::string> entries_for(const Json& entries, const Path& data) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries.items()) {
    if (entry.is_object() && file_part(text_of(entry, "file_name", "")) == file_part(data.string()))
      names.push_back(name);
  }
  return names;
}

}  // namespace

Result<Mapping> mapping_of_dataset_info(const Json& entry, const std::string& where) {
  const Json columns = entry.value("columns", Json::object());
  const Json tags = entry.value("tags", Json::object());
  if (!columns.is_object() || !tags.is_object())
    return wrong_entry(where, "columns or tags that are no objects", "objects of names",
                       "mend the entry");
  for (const char* media : {"images", "videos", "audios"}) {
    if (!columns.contains(media)) continue;
    return wrong_entry(where, fmt::format("a column of {}", media), "text alone",
                       "leave such rows out");
  }
  const std::string formatting = text_of(entry, "formatting", "alpaca");
  const bool ranking = entry.value("ranking", Json()) == true;
  Mapping mapping;
  if (formatting == "alpaca") {
    map_alpaca(columns, ranking, mapping);
  } else if (formatting == "sharegpt") {
    map_sharegpt(columns, tags, mapping);
  } else {
    return wrong_entry(where, fmt::format("formatting \"{}\"", quote_for_message(formatting)),
                       "alpaca or sharegpt", "mend the entry, or use --map");
  }
  if (ranking) {
    mapping.preferred = rule_of(text_of(columns, "chosen", "chosen"), false);
    mapping.non_preferred = rule_of(text_of(columns, "rejected", "rejected"), false);
  }
  if (const std::string system = text_of(columns, "system", ""); !system.empty())
    mapping.system = rule_of(system, true);
  if (const std::string tools = text_of(columns, "tools", ""); !tools.empty())
    mapping.tools = tools + "?";
  mapping.label = text_of(columns, "kto_tag", "");
  return mapping;
}

Result<std::optional<DatasetInfo>> find_dataset_info(const Path& data, const std::string& name) {
  const Path file = data.parent_path() / "dataset_info.json";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored) || data.filename() == file.filename()) {
    if (name.empty()) return std::optional<DatasetInfo>();
    return wrong_entry(file.string(), "no such file", "the file that describes the data set",
                       "leave --dataset out, or put dataset_info.json beside the data");
  }
  ATTUNE_TRY(const Json entries, read_json(file));
  if (!entries.is_object())
    return wrong_entry(file.string(), "no JSON object", "{\"name\": {\"file_name\": ...}}",
                       "mend the file, or move it away from the data");
  std::string chosen = name;
  if (name.empty()) {
    const std::vector<std::string> names = entries_for(entries, data);
    if (names.empty()) return std::optional<DatasetInfo>();
    if (names.size() > 1) {
      return wrong_entry(file.string(),
                         fmt::format("{} entries for {}: {}", names.size(),
                                     data.filename().string(), fmt::join(names, ", ")),
                         "one", "name it with --dataset");
    }
    chosen = names[0];
  }
  if (!entries.contains(chosen) || !entries[chosen].is_object()) {
    return wrong_entry(file.string(),
                       fmt::format("no entry \"{}\"{}", quote_for_message(chosen),
                                   suggest_column(chosen, entries)),
                       fmt::format("one of {}", list_columns(entries)), "correct --dataset");
  }
  ATTUNE_TRY(Mapping mapping, mapping_of_dataset_info(
                                  entries[chosen], fmt::format("{}: {}", file.string(), chosen)));
  return std::optional<DatasetInfo>(
      DatasetInfo{.name = chosen, .file = file.string(), .mapping = std::move(mapping)});
}

}  // namespace attune::data
