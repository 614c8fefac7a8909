#include "eval/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "eval/words.h"

namespace attune::eval {

namespace {

constexpr std::size_t kTextWidth = 100;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string_view gate_words(GateState state) {
  if (state == GateState::met) return "met";
  return state == GateState::missed ? "missed" : "met by the value, not by its whole interval";
}

// Words folded at kTextWidth, later lines indented.
std::string folded(std::string_view text, std::string_view first, std::string_view indent) {
  std::string out(first);
  std::size_t width = first.size();
  bool line_start = true;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (!line_start && width + 1 + characters(word) > kTextWidth) {
      out += '\n';
      out += indent;
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

}  // namespace

std::string aligned_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c)
      widths[c] = std::max(widths[c], characters(row[c]));
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const std::string padding(widths[c] - characters(rows[r][c]), ' ');
      if (c > 0) line += "  ";
      line += c == 0 ? rows[r][c] + padding : padding + rows[r][c];
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
    if (r > 0) continue;
    std::size_t total = 2 * (widths.empty() ? 0 : widths.size() - 1);
    for (std::size_t width : widths) total += width;
    out += std::string(total, '-') + "\n";
  }
  return out;
}

std::string comparison_table(const Comparison& comparison) {
  std::vector<std::vector<std::string>> rows{{"arm", "format compliance",
                                              std::string(metric_words(comparison.metric)),
                                              "exact match", "latency", "prompt tokens"}};
  for (const ArmSummary& arm : comparison.arms) {
    rows.push_back({display_name(arm.name), percent_interval(arm.format_compliance),
                    percent_interval(arm.domain_accuracy), percent_interval(arm.exact_match),
                    milliseconds(arm.latency_ms.median),
                    arm.prompt_tokens > 0 ? fmt::format("{:.0f}", arm.prompt_tokens) : "-"});
  }
  std::string out = aligned_table(rows);
  out += fmt::format("{} held-out items, the same for every arm; 95 % intervals; median latency\n",
                     comparison.n);
  for (const PairedComparison& pair : comparison.comparisons) {
    out += fmt::format("{} - {}: compliance {} ({}), exact match {} ({})\n",
                       display_name(pair.subject), display_name(pair.other),
                       points_interval(pair.format_compliance.difference),
                       p_value(pair.format_compliance.p),
                       points_interval(pair.exact_match.difference), p_value(pair.exact_match.p));
  }
  return out;
}

std::string verdict_text(const Verdict& verdict) {
  std::string out = folded(verdict.headline, "Verdict: ", "         ");
  for (const std::string& reason : verdict.reasons) out += folded(reason, "  - ", "    ");
  for (const Gate& gate : verdict.gates) {
    out += fmt::format("  required {} of {} ({}): measured {}, {}\n", gate.name,
                       percent(gate.required), display_name(gate.arm),
                       percent_interval(gate.measured), gate_words(gate.state));
  }
  return out;
}

}  // namespace attune::eval
