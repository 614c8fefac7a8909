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
  if (const Json* const found = find_column(row, column)) return found;
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
    if (const std::optional<bool> boolean = boolean_of(text)) return Json(*boolean);
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

// The parts that are not blank, with the separator between them.
Result<std::string> render_list(const ContentRule& rule, const Json& row,
                                const std::string& where) {
  std::string text;
  for (const TemplatePart& part : rule.parts) {
    const Json* value = find_column(row, part.column);
    if (value == nullptr && part.optional) continue;
    ATTUNE_TRY(value, column_of(row, part.column, where));
    const Json cells = value->is_array() ? *value : Json::array({*value});  // choices, contexts
    for (const Json& cell : cells) {
      const std::string words = value_text(cell);
      if (!is_blank(words)) text += (text.empty() ? std::string() : *rule.separator) + words;
    }
  }
  return text;
}

}  // namespace

const std::string* ContentRule::whole_column() const {
  const bool whole = members.empty() && !separator && parts.size() == 1;
  return whole && !parts[0].column.empty() ? &parts[0].column : nullptr;
}

const std::array<Mapping::ColumnTarget, 14>& Mapping::column_targets() {
  static constexpr std::array<ColumnTarget, 14> kTargets = {
      {{"messages", &Mapping::messages},
       {"id", &Mapping::id},
       {"split", &Mapping::split},
       {"history", &Mapping::history},
       {"tools", &Mapping::tools},
       {"parallel_tool_calls", &Mapping::parallel_tool_calls},
       {"label", &Mapping::label},
       {"ranked", &Mapping::ranked},
       {"steps", &Mapping::steps},
       {"step_labels", &Mapping::step_labels},
       {"text", &Mapping::text},
       {"segments", &Mapping::segments},
       {"tokens", &Mapping::tokens},
       {"each", &Mapping::each}}};
  return kTargets;
}

bool Mapping::has_content() const {
  return user || preferred || !messages.empty() || !text.empty() || !segments.empty() ||
         !tokens.empty();
}

std::vector<std::string> Mapping::columns() const {
  std::vector<std::string> names;
  const auto add = [&](std::string_view column) {
    const std::string name(column_name(column));
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  };
  for (const std::optional<ContentRule>* rule :
       {&system, &user, &assistant, &preferred, &non_preferred}) {
    if (!*rule) continue;
    for (const TemplatePart& part : (*rule)->parts) add(part.column);
    for (const JsonMember& member : (*rule)->members) add(member.column);
  }
  for (const ColumnTarget& target : column_targets()) add(this->*target.column);
  return names;
}

Result<std::string> render_content(const ContentRule& rule, const Json& row,
                                   const std::string& where) {
  if (!rule.members.empty()) return render_object(rule.members, row, where);
  if (rule.separator) return render_list(rule, row, where);
  std::string text;
  bool all_empty = true;
  bool names_columns = false;
  for (const TemplatePart& part : rule.parts) {
    if (part.column.empty()) {
      text += part.literal;
      continue;
    }
    names_columns = true;
    const Json* value = find_column(row, part.column);
    if (value == nullptr && part.optional) continue;
    ATTUNE_TRY(value, column_of(row, part.column, where));
    const std::string cell = value_text(*value);
    all_empty = all_empty && is_blank(cell);
    text += cell;
  }
  return names_columns && all_empty ? std::string() : text;
}

Result<Json> apply_mapping(const Mapping& mapping, const Json& row, const std::string& where) {
  if (!mapping.messages.empty()) {
    ATTUNE_TRY(const Json* const value, column_of(row, mapping.messages, where));
    return *value;
  }
  Json messages = Json::array();
  const auto add = [&](const char* role, const std::optional<ContentRule>& rule) -> Result<void> {
    if (!rule) return {};
    ATTUNE_TRY(std::string content, render_content(*rule, row, where));
    const bool optional = std::string_view(role) == "system" && is_blank(content);
    if (!optional) messages.push_back({{"role", role}, {"content", std::move(content)}});
    return {};
  };
  ATTUNE_TRY_VOID(add("system", mapping.system));
  ATTUNE_TRY_VOID(add("user", mapping.user));
  ATTUNE_TRY_VOID(add("assistant", mapping.assistant));
  return messages;
}

std::string_view column_name(std::string_view column) {
  if (column.ends_with('?')) column.remove_suffix(1);
  return column;
}

const Json* find_column(const Json& row, const std::string& column) {
  if (const auto found = row.find(column); found != row.end()) return &*found;
  std::string_view path = column_name(column);
  if (path.size() < column.size()) return find_column(row, std::string(path));
  const Json* at = &row;
  while (at->is_object()) {
    const std::size_t dot = path.find('.');
    const auto member = at->find(std::string(path.substr(0, dot)));
    if (member == at->end()) return nullptr;
    if (dot == std::string_view::npos) return &*member;
    at = &*member;
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

std::optional<bool> boolean_of(std::string_view text) {
  const std::string word = lower(text);
  for (const std::string_view yes : {"true", "yes", "1", "y"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "0", "n"}) {
    if (word == no) return false;
  }
  return std::nullopt;
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
