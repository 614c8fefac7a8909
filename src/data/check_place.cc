#include "data/check_place.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "data/check_codes.h"

namespace attune::data {

namespace {

bool is_plain_key(std::string_view key) {
  return !key.empty() && key.find_first_of(" .[]\"'\n\t") == std::string_view::npos;
}

std::string member_step(std::string_view key, bool first) {
  if (is_plain_key(key)) return fmt::format("{}{}", first ? "" : ".", key);
  return fmt::format("[\"{}\"]", quote_for_message(key));
}

bool holds(JsonRef outer, JsonRef inner) {
  return inner.begin() >= outer.begin() && inner.end() <= outer.end();
}

// The string of `value` or below it that says the same as `text`, after `skip` others that do.
JsonRef find_string(JsonRef value, std::string_view text, int& skip) {
  if (value.is_string()) return value.string() == text && skip-- == 0 ? value : JsonRef();
  if (value.is_array()) {
    for (JsonRef item = value.first(); item.exists(); item = item.next()) {
      if (const JsonRef found = find_string(item, text, skip); found.exists()) return found;
    }
  }
  for (const JsonTreeMember& member : value.members()) {
    if (const JsonRef found = find_string(member.value, text, skip); found.exists()) return found;
  }
  return {};
}

// How many strings before `target` in its tree say the same.
int count_before(JsonRef value, JsonRef target) {
  if (value.is_string()) {
    const bool before = value.index() < target.index() && value.string() == target.string();
    return before ? 1 : 0;
  }
  int count = 0;
  for (JsonRef item = value.is_array() ? value.first() : JsonRef(); item.exists();
       item = item.next())
    count += count_before(item, target);
  for (const JsonTreeMember& member : value.members()) count += count_before(member.value, target);
  return count;
}

// The offset in a written string behind `decoded` bytes of its characters.
std::size_t offset_in_written(std::string_view written, std::size_t decoded) {
  std::size_t at = 1;
  std::size_t passed = 0;
  while (at < written.size() && passed < decoded) {
    if (written[at] != '\\') {
      ++at;
      ++passed;
    } else if (at + 1 < written.size() && written[at + 1] == 'u') {
      JsonTree tree;  // one escape (or a pair) as a string of its own
      const bool pair = written.substr(at + 6).starts_with("\\u") &&
                        (written[at + 2] == 'd' || written[at + 2] == 'D') &&
                        std::string_view("89abAB").find(written[at + 3]) != std::string_view::npos;
      const std::size_t length = pair ? 12 : 6;
      const std::string quoted = fmt::format("\"{}\"", written.substr(at, length));
      if (tree.parse(quoted)) return at;
      passed += tree.root().string().size();
      at += length;
    } else {
      at += 2;
      ++passed;
    }
  }
  return at;
}

Finding make_finding(std::string_view code, Severity severity, std::string_view source,
                     TextPlace place, Fault fault) {
  Finding finding;
  finding.code = code;
  finding.rule = check_code(code).rule;
  finding.severity = severity;
  finding.line = place.line;
  finding.column = place.column;
  finding.where = place.line == 0     ? std::string(source)
                  : place.column == 0 ? name_place(source, place.line)
                                      : name_place(source, place);
  finding.found = std::move(fault.found);
  finding.wanted = std::move(fault.wanted);
  finding.fix = std::move(fault.fix);
  return finding;
}

TextPlace place_in_row(const CheckedRow& row, std::size_t offset) {
  if (row.is_table) return {.line = row.line, .column = 1};
  TextPlace place = place_of(row.text, offset, row.line);
  if (place.line == row.line) place.column += row.column - 1;
  return place;
}

}  // namespace

std::string row_id(JsonRef row, std::string_view key, std::string otherwise) {
  const JsonRef id = row.find(key);
  if (id.is_string() && !id.string().empty()) return std::string(id.string());
  return id.is(JsonType::number) ? std::string(id.text()) : otherwise;
}

std::string json_path(JsonRef root, JsonRef target) {
  std::string path;
  JsonRef at = root;
  while (at != target) {
    if (at.is_array()) {
      std::int64_t index = 0;
      JsonRef item = at.first();
      while (item.exists() && !holds(item, target)) {
        item = item.next();
        ++index;
      }
      if (!item.exists()) return path;
      path += fmt::format("[{}]", index);
      at = item;
      continue;
    }
    JsonRef next;
    for (const JsonTreeMember& member : at.members()) {
      if (member.key != target && !holds(member.value, target)) continue;
      path += member_step(member.key.string(), path.empty());
      if (member.key == target) return path;
      next = member.value;
      break;
    }
    if (!next.exists()) return path;
    at = next;
  }
  return path;
}

JsonRef RowReporter::in_own_tree(JsonRef at) const {
  if (!at.exists() || at.tree() == row_.value.tree()) return at;
  if (!row_.value.exists()) return {};
  if (!row_.columns.empty()) {
    std::size_t index = 0;
    JsonRef message = at.tree()->root().find("messages").first();
    while (message.exists() && !holds(message, at)) {
      message = message.next();
      ++index;
    }
    return index < row_.columns.size() ? row_.value.find(row_.columns[index]) : JsonRef();
  }
  if (!at.is_string()) return {};
  int skip = count_before(at.tree()->root(), at);
  return find_string(row_.value, at.string(), skip);
}

void RowReporter::add(std::string_view code, Severity severity, JsonRef at, Fault fault) {
  if (severity == Severity::error) ++errors_;
  const JsonRef own = in_own_tree(at);
  const TextPlace place = place_in_row(row_, own.exists() ? own.begin() : 0);
  Finding finding = make_finding(code, severity, row_.source, place, std::move(fault));
  finding.row = row_.id;
  if (own.exists()) {
    finding.path = json_path(row_.value, own);
  } else if (at.exists()) {
    finding.path = json_path(at.tree()->root(), at);
  }
  findings_.push_back(std::move(finding));
}

void RowReporter::take(std::vector<Finding> found) {
  for (Finding& finding : found) {
    if (finding.severity == Severity::error) ++errors_;
    finding.row = row_.id;
    findings_.push_back(std::move(finding));
  }
}

void RowReporter::add_inside(std::string_view code, Severity severity, JsonRef string,
                             std::size_t offset, Fault fault) {
  add(code, severity, string, std::move(fault));
  const JsonRef own = in_own_tree(string);
  if (!own.exists() || row_.is_table) return;
  Finding& finding = findings_.back();
  const TextPlace place = place_in_row(row_, own.begin() + offset_in_written(own.text(), offset));
  finding.line = place.line;
  finding.column = place.column;
  finding.where = name_place(row_.source, place);
}

Finding file_finding(std::string_view code, Severity severity, std::string_view source,
                     TextPlace place, Fault fault) {
  return make_finding(code, severity, source, place, std::move(fault));
}

}  // namespace attune::data
