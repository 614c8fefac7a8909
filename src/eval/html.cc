#include "eval/html.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "io/text_encoding.h"

namespace attune::eval {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kMostTableRows = 100;
constexpr int kDeepestHeading = 6;

// U+200E..F, U+202A..E and U+2066..9: direction marks and overrides.
bool changes_direction(std::string_view character) {
  if (character.size() != 3 || character[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(character[1]);
  const auto third = static_cast<unsigned char>(character[2]);
  if (second == 0x80) return third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE);
  return second == 0x81 && third >= 0xA6 && third <= 0xA9;
}

std::string code_of(std::string_view three_bytes) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(three_bytes[i]));
  };
  return fmt::format("[U+{:04X}]",
                     ((byte(0) & 0xF) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F));
}

std::string number_text(const Json& value) {
  if (!value.is_number_float()) return to_text(value);
  const double number = value.get<double>();
  if (!std::isfinite(number)) return "not a number";
  const double size = std::abs(number);
  return size != 0 && (size < 1e-3 || size >= 1e7) ? fmt::format("{:.3g}", number)
                                                   : fmt::format("{:.5g}", number);
}

std::string scalar_html(const Json& value) {
  if (value.is_string()) return escape(value.get_ref<const std::string&>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "none";
  if (value.is_number()) return number_text(value);
  return escape(to_text(value));
}

bool is_table(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& row) { return row.is_object(); });
}

std::string objects_table(const Json& rows) {
  std::vector<std::string> names;
  for (const Json& row : rows) {
    for (const auto& [key, value] : row.items()) {
      if (std::find(names.begin(), names.end(), key) == names.end()) names.push_back(key);
    }
  }
  std::vector<Column> headings;
  for (const std::string& name : names) headings.push_back({words_of_key(name), false});
  const std::size_t shown = std::min(rows.size(), kMostTableRows);
  std::vector<Row> cells(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    for (const std::string& name : names) {
      cells[i].cells.push_back(rows[i].contains(name) ? scalar_html(rows[i][name]) : "");
    }
  }
  std::string out = table_html(headings, cells);
  if (shown < rows.size())
    out += fmt::format("<p class=\"note\">and {} more</p>", rows.size() - shown);
  return out;
}

std::string facts_at(const Json& facts, int heading) {
  if (!facts.is_object()) return "";
  std::string list;
  std::string below;
  for (const auto& [key, value] : facts.items()) {
    const std::string name = escape(words_of_key(key));
    if (is_table(value) || value.is_object()) {
      if (value.empty()) continue;
      below += fmt::format("<h{0}>{1}</h{0}>", heading, name);
      below += value.is_object() ? facts_at(value, std::min(heading + 1, kDeepestHeading))
                                 : objects_table(value);
      continue;
    }
    std::string shown;
    if (value.is_array()) {
      for (const Json& member : value) shown += (shown.empty() ? "" : ", ") + scalar_html(member);
      if (value.empty()) shown = "none";
    } else {
      shown = scalar_html(value);
    }
    list += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, shown);
  }
  return (list.empty() ? "" : "<dl class=\"facts\">" + list + "</dl>") + below;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    const char c = text[0];
    if (length == 0) {
      out += kReplacement;
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else if (length == 1 && ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F)) {
      out += kReplacement;
    } else if (changes_direction(text.substr(0, length))) {
      out += code_of(text);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

std::string table_html(const std::vector<Column>& columns, const std::vector<Row>& rows) {
  const auto kind = [&](std::size_t c) { return columns[c].numeric ? " class=\"num\"" : ""; };
  std::string out = "<div class=\"scroll\"><table><thead><tr>";
  for (std::size_t c = 0; c < columns.size(); ++c) {
    out += fmt::format("<th scope=\"col\"{}>{}</th>", kind(c), escape(columns[c].heading));
  }
  out += "</tr></thead><tbody>";
  for (const Row& row : rows) {
    out += row.subject ? "<tr class=\"subject\">" : "<tr>";
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string cell = c < row.cells.size() ? row.cells[c] : "";
      out += c == 0 ? "<th scope=\"row\">" + cell + "</th>"
                    : fmt::format("<td{}>{}</td>", kind(c), cell);
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string words_of_key(std::string_view key) {
  std::string words(key);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string facts_html(const Json& facts) { return facts_at(facts, 3); }

}  // namespace attune::eval
