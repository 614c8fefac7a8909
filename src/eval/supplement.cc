#include "eval/supplement.h"

#include <cmath>

#include <fmt/format.h>

#include "eval/html.h"
#include "eval/markdown.h"
#include "eval/table.h"

namespace attune::eval {

Json estimate_json(const stats::Estimate& estimate) {
  // Not finite numbers have no JSON form.
  const auto number = [](double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
  };
  return {{"value", number(estimate.value)},
          {"low", number(estimate.low)},
          {"high", number(estimate.high)}};
}

std::string supplement_text(const Supplement& part) {
  std::string out = fmt::format("\n{}\n", part.title);
  if (!part.rows.empty()) out += aligned_table(part.rows);
  for (const std::string& note : part.notes) out += folded(note, "- ", "  ");
  return out;
}

std::string supplement_markdown(const Supplement& part) {
  std::string out = fmt::format("## {}\n\n", markdown_text(part.title));
  for (std::size_t i = 0; i < part.rows.size(); ++i) {
    out += i == 0 ? markdown_head(part.rows[i]) : markdown_row(part.rows[i]);
  }
  if (!part.rows.empty() && !part.notes.empty()) out += "\n";
  for (const std::string& note : part.notes) out += "- " + markdown_text(note) + "\n";
  return out + "\n";
}

std::string supplement_html(const Supplement& part) {
  std::string out = fmt::format("<section><h2>{}</h2>", escape(part.title));
  if (!part.drawing.empty()) out += "<figure class=\"wide\">" + part.drawing + "</figure>";
  if (!part.rows.empty()) {
    std::vector<Column> columns;
    for (const std::string& head : part.rows.front()) columns.push_back({head, !columns.empty()});
    std::vector<Row> rows;
    for (std::size_t i = 1; i < part.rows.size(); ++i) {
      Row& row = rows.emplace_back();
      for (const std::string& one : part.rows[i]) row.cells.push_back(escape(one));
    }
    out += table_html(columns, rows);
  }
  for (const std::string& note : part.notes) out += "<p class=\"note\">" + escape(note) + "</p>";
  return out + "</section>";
}

}  // namespace attune::eval
