#include "eval/table.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "eval/measure_grid.h"
#include "eval/words.h"

namespace attune::eval {

namespace {

constexpr std::size_t kTextWidth = 100;

std::string_view gate_words(GateState state) {
  if (state == GateState::met) return "met";
  return state == GateState::missed ? "missed" : "met by the value, not by its whole interval";
}

// "tuned: consistency 9.1 [8.9, 9.3] of 10 (samples 0.95, ...); of 40 items 62.5 % always right"
std::string consistency_line(const ArmSummary& arm) {
  const metrics::ConsistencyScore& measured = *arm.consistency;
  std::string parts;
  for (std::size_t part = 0; part < metrics::kConsistencyParts; ++part) {
    if (!measured.parts[part]) continue;
    parts += fmt::format("{}{} {:.2f}", parts.empty() ? "" : ", ", metrics::kConsistencyNames[part],
                         measured.parts[part]->value);
  }
  const std::string score =
      measured.score ? fmt::format("{:.1f} [{:.1f}, {:.1f}] of 10", measured.score->value,
                                   measured.score->low, measured.score->high)
                     : "without a score";
  return fmt::format("{}: consistency {} ({}); of {} items {} always right, {} never\n",
                     display_name(arm.name), score, parts, measured.judged,
                     percent(measured.consistently_right.value),
                     percent(measured.consistently_wrong.value));
}

// "tuned: its adapter adds 1.2 ms [1.1, 1.3] to the first token and 0.1 ms [0.1, 0.2] to each
// later"
std::string overhead_line(const ArmSummary& arm) {
  const AdapterOverhead& added = *arm.adapter_overhead;
  const auto span = [](const stats::Estimate& ms) {
    return fmt::format("{:.2f} ms [{:.2f}, {:.2f}]", ms.value, ms.low, ms.high);
  };
  return fmt::format(
      "{}: its adapter adds {} to the first token, {} to each later one ({} prompts)\n",
      display_name(arm.name), span(added.first_token_ms), span(added.token_ms), added.n);
}

// "few-shot: 12.0 % keep the format inside a fence, 30.0 % somewhere in the text"; empty where
// patience forgives nothing.
std::string patience_line(const ArmSummary& arm) {
  if (!arm.patience || arm.patience->extract.value <= arm.format_compliance.value) return "";
  return fmt::format("{}: {} keep the format inside a fence, {} somewhere in the text\n",
                     display_name(arm.name), percent(arm.patience->fenced.value),
                     percent(arm.patience->extract.value));
}

std::string measures_table(const Comparison& comparison) {
  const MeasureGrid grid = measure_grid(comparison);
  if (grid.rows.empty()) return "";
  std::vector<std::vector<std::string>> rows{grid.head};
  rows.insert(rows.end(), grid.rows.begin(), grid.rows.end());
  std::string out = "\n" + aligned_table(rows);
  for (const std::string& note : grid.notes) out += note + "\n";
  return out + "\n";
}

}  // namespace

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

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
                    arm.latency_ms.n > 0 ? milliseconds(arm.latency_ms.median) : "-",
                    arm.prompt_tokens > 0 ? fmt::format("{:.0f}", arm.prompt_tokens) : "-"});
  }
  std::string out = aligned_table(rows);
  const std::string clusters = cluster_note(comparison);
  out +=
      fmt::format("{} held-out items, the same for every arm; 95 % intervals; median latency{}\n",
                  comparison.n, clusters.empty() ? "" : "; " + clusters);
  out += measures_table(comparison);
  for (const ArmSummary& arm : comparison.arms) {
    out += patience_line(arm);
    if (arm.consistency) out += consistency_line(arm);
    if (arm.adapter_overhead && std::isfinite(arm.adapter_overhead->first_token_ms.low))
      out += overhead_line(arm);
  }
  for (const PairedComparison& pair : comparison.comparisons) {
    out += fmt::format("{} - {}: compliance {} ({}), exact match {} ({})\n",
                       display_name(pair.subject), display_name(pair.other),
                       points_interval(pair.format_compliance.difference),
                       p_value(pair.format_compliance.p),
                       points_interval(pair.exact_match.difference), p_value(pair.exact_match.p));
    const stats::Estimate& first = pair.first_token_ms_difference;
    if (first.value != 0 && std::isfinite(first.low)) {
      out += fmt::format("{} - {}: first token {} [{}, {}]\n", display_name(pair.subject),
                         display_name(pair.other), milliseconds(first.value),
                         milliseconds(first.low), milliseconds(first.high));
    }
  }
  for (const Supplement& part : comparison.supplements) out += supplement_text(part);
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
