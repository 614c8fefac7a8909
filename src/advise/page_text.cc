#include <algorithm>

#include <fmt/format.h>

#include "advise/page.h"
#include "eval/table.h"

namespace attune::advise {

namespace {

constexpr std::size_t kWidth = 110;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

// Words folded at kWidth, later lines indented.
std::string folded(std::string_view text, std::string_view first, std::string_view indent) {
  std::string out(first);
  std::size_t width = characters(first);
  bool line_start = true;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (!line_start && width + 1 + characters(word) > kWidth) {
      out += "\n" + std::string(indent);
      width = indent.size();
      line_start = true;
    }
    if (!line_start) {
      out += ' ';
      ++width;
    }
    out += word;
    width += characters(word);
    line_start = false;
  }
  return out + "\n";
}

std::string listed(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string out = fmt::format("\n{}\n", title);
  for (const std::string& line : lines) out += folded(line, "  - ", "    ");
  return out;
}

// Cells aligned left, for words rather than numbers.
std::string word_table(const PageTable& table) {
  std::vector<std::size_t> widths;
  for (const auto& row : table.rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c)
      widths[c] = std::max(widths[c], characters(row[c]));
  }
  std::string out;
  for (const auto& row : table.rows) {
    std::string line = " ";
    for (std::size_t c = 0; c < row.size(); ++c)
      line += " " + row[c] + std::string(widths[c] - characters(row[c]) + 1, ' ');
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string section(const PageTable& table, bool words = false) {
  if (table.rows.size() < 2) return "";
  std::string out = fmt::format("\n{}\n", table.title);
  out += words ? word_table(table) : eval::aligned_table(table.rows);
  if (!table.note.empty()) out += folded(table.note, "  ", "  ");
  return out;
}

}  // namespace

std::string advice_text(const Advice& advice) {
  std::string out =
      folded(fmt::format("{} {}", advice.decided.leaf->sentence, advice.sentence_of_money()),
             "Verdict: ", "         ");
  out += fmt::format("Confidence: {}\n", confidence_name(advice.confidence));
  for (const std::string& doubt : advice.doubts) out += folded(doubt, "  - ", "    ");
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
