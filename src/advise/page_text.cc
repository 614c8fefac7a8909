#include <algorithm>

#include <fmt/format.h>

#include "advise/page.h"
#include "eval/table.h"

namespace attune::advise {

namespace {

std::string listed(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string out = fmt::format("\n{}\n", title);
  for (const std::string& line : lines) out += eval::folded(line, "  - ", "    ");
  return out;
}

// Cells aligned left, for words rather than numbers.
std::string word_table(const PageTable& table) {
  std::vector<std::size_t> widths;
  for (const auto& row : table.rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c)
      widths[c] = std::max(widths[c], eval::characters(row[c]));
  }
  std::string out;
  for (const auto& row : table.rows) {
    std::string line = " ";
    for (std::size_t c = 0; c < row.size(); ++c)
      line += " " + row[c] + std::string(widths[c] - eval::characters(row[c]) + 1, ' ');
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string section(const PageTable& table, bool words = false) {
  if (table.rows.size() < 2) return "";
  std::string out = fmt::format("\n{}\n", table.title);
  out += words ? word_table(table) : eval::aligned_table(table.rows);
  if (!table.note.empty()) out += eval::folded(table.note, "  ", "  ");
  return out;
}

}  // namespace

std::string advice_text(const Advice& advice) {
  std::string out =
      eval::folded(fmt::format("{} {}", advice.decided.leaf->sentence, advice.sentence_of_money()),
                   "Verdict: ", "         ");
  out += fmt::format("Confidence: {}\n", confidence_name(advice.confidence));
  for (const std::string& doubt : advice.doubts) out += eval::folded(doubt, "  - ", "    ");
  out += listed("Before you follow it", advice.conditions);
  out += section(path_table(advice), true);
  out += section(costs_table(advice));
  out += section(thresholds_table(advice));
  out += section(draws_table(advice));
  out += listed("Evidence", evidence_lines(advice));
  out += section(choices_table(advice), true);
  out += section(flips_table(advice, false), true);
  out += section(flips_table(advice, true), true);
  out += section(prices_table(advice), true);
  return out;
}

}  // namespace attune::advise
