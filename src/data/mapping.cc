#include "data/mapping.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "base/trim.h"
#include "data/clean_text.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

Result<const Json*> column_of(const Json& row, const std::string& column,
                              const std::string& where) {
  const auto found = row.find(column);
  if (found != row.end()) return &*found;
  return bad_input({.where = where,
                    .found = fmt::format("there is no column \"{}\"{}", quote_for_message(column),
                                         suggest_column(column, row)),
                    .wanted = fmt::format("one of {}", list_columns(row)),
                    .fix = "correct --map"});
}

Failure wrong_type(const std::string& where, const JsonMember& member, const Json& value,
                   std::string_view wanted) {
  return bad_input({.where = where,
                    .found = fmt::format("column \"{}\" holds \"{}\"", member.column,
                                         quote_for_message(value_text(value))),
                    .wanted = std::string(wanted),
                    .fix = "mend the cell, or map the column without a type"});
}

std::optional<bool> as_boolean(std::string_view text) {
  const std::string word = lower(text);
  for (const std::string_view yes : {"true", "yes", "1", "y"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "0", "n"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

Json split_list(std::string_view text) {
  Json list = Json::array();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    if (const std::string_view part = trim(text.substr(0, end)); !part.empty())
      list.push_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

Result<Json> member_value(const JsonMember& member, const Json& value, const std::string& where) {
  if (member.type == MemberType::as_is)
    return value.is_string() ? Json(clean_text(value_text(value)).text) : value;
  const std::string text(trim(value_text(value)));
  if (member.type == MemberType::string) return Json(clean_text(text).text);
  if (text.empty()) return Json(nullptr);
  if (member.type == MemberType::list) return value.is_array() ? value : split_list(text);
  if (member.type == MemberType::boolean) {
    if (const std::optional<bool> boolean = as_boolean(text)) return Json(*boolean);
    return wrong_type(where, member, value, "true or false (or yes, no, 1, 0)");
  }
  Result<Json> parsed = parse_json(text, where);
  if (member.type == MemberType::json) {
    return parsed ? parsed : Result<Json>(wrong_type(where, member, value, "JSON"));
  }
  if (!parsed || !parsed->is_number()) return wrong_type(where, member, value, "a number");
  if (member.type == MemberType::number || parsed->is_number_integer()) return parsed;
  const double number = parsed->get<double>();
  if (std::trunc(number) == number && std::abs(number) < 9e15)
    return Json(static_cast<std::int64_t>(number));
  return wrong_type(where, member, value, "a whole number");
}

Result<std::string> render_object(const std::vector<JsonMember>& members, const Json& row,
                                  const std::string& where) {
  Json object = Json::object();
  bool all_empty = true;
  for (const JsonMember& member : members) {
    ATTUNE_TRY(const Json* const value, column_of(row, member.column, where));
    const bool empty = is_blank(value_text(*value));
    all_empty = all_empty && empty;
    if (empty && member.leave_out_when_empty) continue;
    Json* place = &object;
    for (const std::string& key : member.keys) place = &(*place)[key];
    ATTUNE_TRY(*place, member_value(member, *value, where));
  }
  // A row without any of the answer's cells has no answer: it must not teach an object of nothing.
  return all_empty ? std::string() : to_text(object);
}

Result<std::string> render(const ContentRule& rule, const Json& row, const std::string& where) {
  if (!rule.members.empty()) return render_object(rule.members, row, where);
  std::string text;
  bool all_empty = true;
  for (const TemplatePart& part : rule.parts) {
    if (part.column.empty()) {
      text += part.literal;
      continue;
    }
    ATTUNE_TRY(const Json* const value, column_of(row, part.column, where));
    const std::string cell = value_text(*value);
    all_empty = all_empty && is_blank(cell);
    text += cell;
  }
  const bool names_columns =
      std::any_of(rule.parts.begin(), rule.parts.end(),
                  [](const TemplatePart& part) { return !part.column.empty(); });
  return names_columns && all_empty ? std::string() : text;
}

}  // namespace

std::vector<std::string> Mapping::columns() const {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  };
  for (const std::optional<ContentRule>* rule : {&system, &user, &assistant}) {
    if (!*rule) continue;
    for (const TemplatePart& part : (*rule)->parts) add(part.column);
    for (const JsonMember& member : (*rule)->members) add(member.column);
  }
  add(messages);
  add(id);
  add(split);
  return names;
}

Result<Json> apply_mapping(const Mapping& mapping, const Json& row, const std::string& where) {
  if (!mapping.messages.empty()) {
    ATTUNE_TRY(const Json* const value, column_of(row, mapping.messages, where));
    return *value;
  }
  Json messages = Json::array();
  const auto add = [&](const char* role, const std::optional<ContentRule>& rule) -> Result<void> {
    if (!rule) return {};
    ATTUNE_TRY(std::string content, render(*rule, row, where));
    const bool optional = std::string_view(role) == "system" && is_blank(content);
    if (!optional) messages.push_back({{"role", role}, {"content", std::move(content)}});
    return {};
  };
  ATTUNE_TRY_VOID(add("system", mapping.system));
  ATTUNE_TRY_VOID(add("user", mapping.user));
  ATTUNE_TRY_VOID(add("assistant", mapping.assistant));
  return messages;
}

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : to_text(value);
}

std::string list_columns(const Json& row) {
  std::string text;
  for (const auto& [name, ignored] : row.items()) {
    text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", quote_for_message(name));
  }
  return text;
}

std::string suggest_column(std::string_view wanted, const Json& row) {
  std::string best;
  std::size_t least = std::max<std::size_t>(wanted.size() / 3, 1) + 1;
  for (const auto& [name, ignored] : row.items()) {
    if (name.size() > 100 || wanted.size() > 100) continue;
    const std::size_t distance = edit_distance(lower(wanted), lower(name));
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  return best.empty() ? std::string()
                      : fmt::format(" (did you mean \"{}\"?)", quote_for_message(best));
}

}  // namespace attune::data
