// Finds and reads the files of a tokenizer in a model folder.
#include <filesystem>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "io/file.h"
#include "text/tokenizer_parts.h"

namespace attune::text {

namespace {

// A token in tokenizer_config.json: a string, an object with "content", or null.
Result<std::string> config_token(const TokenizerJson& config, const char* key,
                                 std::string_view where) {
  const TokenizerJson* value = find_field(config, key);
  if (value == nullptr) return std::string();
  if (value->is_object()) return string_field(*value, "content", where);
  return string_field(config, key, where);
}

Result<std::vector<std::string>> additional_special_tokens(const TokenizerJson& config,
                                                           std::string_view where) {
  std::vector<std::string> names;
  const TokenizerJson* list = find_field(config, "additional_special_tokens");
  if (list == nullptr) return names;
  if (!list->is_array())
    return bad_field(where, "additional_special_tokens", list->type_name(), "a list");
  for (const TokenizerJson& item : *list) {
    if (item.is_string()) {
      names.push_back(item.get<std::string>());
    } else {
      ATTUNE_TRY(std::string name, string_field(item, "content", where));
      names.push_back(std::move(name));
    }
  }
  return names;
}

// added_tokens_decoder: {"151643": {"content": ..., ...}}.
Result<std::vector<AddedToken>> config_added_tokens(const TokenizerJson& config,
                                                    std::string_view where) {
  std::vector<AddedToken> tokens;
  const TokenizerJson* table = find_field(config, "added_tokens_decoder");
  if (table == nullptr) return tokens;
  if (!table->is_object())
    return bad_field(where, "added_tokens_decoder", table->type_name(), "an object");
  for (const auto& [key, value] : table->items()) {
    const bool is_number =
        !key.empty() && key.size() <= 8 && key.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number)
      return bad_field(where, "added_tokens_decoder", fmt::format("the key \"{}\"", key), "an id");
    ATTUNE_TRY(const std::int32_t id,
               token_id(TokenizerJson(std::stoll(key)), where, "added_tokens_decoder"));
    ATTUNE_TRY(AddedToken token, read_added_token(value, id, where));
    tokens.push_back(std::move(token));
  }
  return tokens;
}

// A template as text, or a list of {"name", "template"} of which "default" is the one for chat.
Result<std::string> config_chat_template(const TokenizerJson& config, std::string_view where) {
  const TokenizerJson* value = find_field(config, "chat_template");
  if (value == nullptr) return std::string();
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_array())
    return bad_field(where, "chat_template", value->type_name(), "a template");
  for (const TokenizerJson& item : *value) {
    ATTUNE_TRY(const std::string name, string_field(item, "name", where));
    if (name == "default") return string_field(item, "template", where);
  }
  return std::string();
}

bool has_file(const Path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

Result<TokenizerJson> read_json_if_present(const Path& path) {
  if (!has_file(path)) return TokenizerJson();
  ATTUNE_TRY(const std::string text, read_file(path));
  return parse_tokenizer_json(text, path.string());
}

// "a b" lines; a first line that starts with "#version" is a comment.
Result<std::vector<std::pair<std::string, std::string>>> read_merges(const Path& path) {
  ATTUNE_TRY(const std::string text, read_file(path));
  std::vector<std::pair<std::string, std::string>> merges;
  std::size_t line_number = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at = end + 1;
    ++line_number;
    if (line.empty() || line.starts_with("#version")) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      return bad_input({.where = fmt::format("{}:{}", path.string(), line_number),
                        .found = fmt::format("\"{}\"", line),
                        .wanted = "two tokens with a space between"});
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

// The older layout: vocab.json and merges.txt, whose pre-tokeniser is known from the tokenizer's
// class.
Result<TokenizerDescription> describe_vocabulary_files(const Path& folder,
                                                       const TokenizerJson& config) {
  const std::string where = (folder / "tokenizer_config.json").string();
  ATTUNE_TRY(const auto class_name, optional_string_field(config, "tokenizer_class", where));
  const std::string kind = class_name.value_or("");
  TokenizerDescription out;
  if (kind == "Qwen2Tokenizer" || kind == "Qwen2TokenizerFast") {
    out.normalizer = nfc_normalizer();
    out.pre_tokenizer = qwen2_pre_tokenizer();
  } else if (kind == "GPT2Tokenizer" || kind == "GPT2TokenizerFast") {
    ATTUNE_TRY(const bool add_prefix, bool_field(config, "add_prefix_space", false, where));
    out.pre_tokenizer = gpt2_pre_tokenizer(add_prefix);
  } else {
    return bad_input({.where = where,
                      .found = fmt::format("tokenizer_class \"{}\" and no tokenizer.json", kind),
                      .wanted = "Qwen2Tokenizer or GPT2Tokenizer beside vocab.json and merges.txt",
                      .fix = "put the model's tokenizer.json into the folder"});
  }
  const Path vocabulary_path = folder / "vocab.json";
  ATTUNE_TRY(const std::string text, read_file(vocabulary_path));
  TokenizerJson model;
  ATTUNE_TRY(model["vocab"], parse_tokenizer_json(text, vocabulary_path.string()));
  model["type"] = "BPE";
  model["merges"] = TokenizerJson::array();
  ATTUNE_TRY(out.model, read_bpe_description(model, vocabulary_path.string()));
  ATTUNE_TRY(out.model.merges, read_merges(folder / "merges.txt"));
  out.model.byte_level = true;
  out.decoder = Decoder::byte_level();
  return out;
}

// Joins what tokenizer_config.json adds: more tokens, and which tokens are control tokens.
Result<void> add_config_tokens(TokenizerDescription& description, const TokenizerJson& config,
                               const std::vector<std::string>& control_names,
                               std::string_view where) {
  std::unordered_set<std::int32_t> known;
  for (const AddedToken& token : description.added_tokens) known.insert(token.id);
  ATTUNE_TRY(auto more, config_added_tokens(config, where));
  for (AddedToken& token : more) {
    if (known.insert(token.id).second) description.added_tokens.push_back(std::move(token));
  }
  const std::unordered_set<std::string> control(control_names.begin(), control_names.end());
  for (AddedToken& token : description.added_tokens) {
    if (control.contains(token.content)) token.special = true;
  }
  for (const auto& [content, id] : description.model.vocabulary) {
    if (control.contains(content) && known.insert(id).second) {
      description.added_tokens.push_back({.id = id, .content = content, .special = true});
    }
  }
  return {};
}

void add_texts(Tokenizer::Parts& parts, const TokenizerDescription& description) {
  std::int32_t largest = -1;
  for (const auto& entry : description.model.vocabulary) largest = std::max(largest, entry.second);
  for (const AddedToken& token : description.added_tokens) largest = std::max(largest, token.id);
  parts.token_texts.resize(static_cast<std::size_t>(largest + 1));
  parts.special.resize(parts.token_texts.size());
  parts.ids.reserve(parts.token_texts.size());
  for (const auto& [token, id] : description.model.vocabulary) {
    parts.token_texts[static_cast<std::size_t>(id)] = token;
    parts.ids.emplace(token, id);
  }
  for (const AddedToken& token : description.added_tokens) {
    parts.token_texts[static_cast<std::size_t>(token.id)] = token.content;
    parts.special[static_cast<std::size_t>(token.id)] = token.special;
    parts.ids.insert_or_assign(token.content, token.id);
  }
}

void add_matchers(Tokenizer::Parts& parts, const std::vector<AddedToken>& tokens) {
  for (const AddedToken& token : tokens) {
    if (!token.normalized) {
      parts.raw_matcher.add(token, token.content);
      continue;
    }
    MarkedText spelling{.text = token.content, .mark = kTrusted};
    if (parts.normalizer != nullptr) parts.normalizer->apply(spelling, {});
    parts.normalized_matcher.add(token, spelling.text);
  }
}

}  // namespace

Result<Tokenizer> make_tokenizer(TokenizerDescription description, const TokenizerJson& config,
                                 std::string chat_template, std::string_view where) {
  auto parts = std::make_unique<Tokenizer::Parts>();
  ATTUNE_TRY(parts->bos_token, config_token(config, "bos_token", where));
  ATTUNE_TRY(parts->eos_token, config_token(config, "eos_token", where));
  ATTUNE_TRY(parts->pad_token, config_token(config, "pad_token", where));
  ATTUNE_TRY(std::vector<std::string> control, additional_special_tokens(config, where));
  for (const std::string* name : {&parts->bos_token, &parts->eos_token, &parts->pad_token}) {
    if (!name->empty()) control.push_back(*name);
  }
  ATTUNE_TRY_VOID(add_config_tokens(description, config, control, where));
  add_texts(*parts, description);
  std::unordered_set<std::int32_t> control_ids;
  for (const AddedToken& token : description.added_tokens) {
    if (token.special) control_ids.insert(token.id);
  }
  parts->normalizer = std::move(description.normalizer);
  add_matchers(*parts, description.added_tokens);
  ATTUNE_TRY(parts->model, BpeModel::create(std::move(description.model), control_ids, where));
  parts->pre_tokenizer = std::move(description.pre_tokenizer);
  parts->decoder = std::move(description.decoder);
  parts->tokens_before = std::move(description.tokens_before);
  parts->tokens_after = std::move(description.tokens_after);
  parts->chat_template = std::move(chat_template);
  return Tokenizer(std::move(parts));
}

Result<Tokenizer> Tokenizer::load(const std::filesystem::path& path) {
  const bool is_file = has_file(path);
  const Path folder = is_file ? path.parent_path() : path;
  const Path tokenizer_path = is_file ? path : folder / "tokenizer.json";
  const Path config_path = folder / "tokenizer_config.json";
  ATTUNE_TRY(TokenizerJson config, read_json_if_present(config_path));
  if (!config.is_null() && !config.is_object()) {
    return bad_field(config_path.string(), "file", config.type_name(), "an object");
  }
  ATTUNE_TRY(std::string chat_template, config_chat_template(config, config_path.string()));
  if (has_file(folder / "chat_template.jinja")) {
    ATTUNE_TRY(chat_template, read_file(folder / "chat_template.jinja"));
  }
  TokenizerDescription description;
  if (has_file(tokenizer_path)) {
    ATTUNE_TRY(const std::string text, read_file(tokenizer_path));
    ATTUNE_TRY(const TokenizerJson json, parse_tokenizer_json(text, tokenizer_path.string()));
    ATTUNE_TRY(description, describe_tokenizer(json, tokenizer_path.string()));
  } else if (has_file(folder / "vocab.json") && has_file(folder / "merges.txt")) {
    ATTUNE_TRY(description, describe_vocabulary_files(folder, config));
  } else {
    return bad_input({.where = path.string(),
                      .found = "no tokenizer",
                      .wanted = "tokenizer.json, or vocab.json with merges.txt",
                      .fix = "name a complete model folder"});
  }
  return make_tokenizer(std::move(description), config, std::move(chat_template), folder.string());
}

}  // namespace attune::text
