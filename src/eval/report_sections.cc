#include "eval/report_sections.h"

#include <algorithm>

#include <fmt/format.h>

#include "eval/html.h"
#include "eval/measure_grid.h"
#include "eval/svg_plot.h"
#include "eval/text_diff.h"
#include "eval/words.h"

namespace attune::eval {

namespace {

std::string arm_label(std::string_view arm) { return escape(display_name(arm)); }

std::string measure_name(const Comparison& comparison) {
  std::string name(metric_words(comparison.metric));
  name[0] = static_cast<char>(name[0] - ('a' - 'A') * (name[0] >= 'a'));
  return name;
}

std::string_view decision_class(Decision decision) {
  switch (decision) {
    case Decision::fine_tune:
      return "go";
    case Decision::prompting_is_enough:
      return "prompt";
    case Decision::do_not_fine_tune:
      return "stop";
    case Decision::none:
    case Decision::inconclusive:
      break;
  }
  return "open";
}

template <typename Rate>
std::string arms_plot(const Comparison& comparison, const std::string& title, Rate rate) {
  std::vector<Bar> bars;
  for (const ArmSummary& arm : comparison.arms) {
    bars.push_back({display_name(arm.name), rate(arm), arm.name == comparison.subject});
  }
  return "<figure><figcaption>" + escape(title) + "</figcaption>" + bar_plot(title, bars) +
         "</figure>";
}

std::string badge(bool good, std::string_view yes, std::string_view no) {
  return fmt::format("<span class=\"badge {}\">{}</span>", good ? "good" : "bad", good ? yes : no);
}

std::string_view gate_class(GateState state) {
  if (state == GateState::met) return "good";
  return state == GateState::unproven ? "warn" : "bad";
}

std::string answer_html(const ExampleAnswer& answer, const Example& example,
                        const std::string& subject) {
  const std::string reference = readable(example.reference, example.reference);
  const std::string text = readable(answer.text, example.reference);
  std::string out = fmt::format(
      "<div class=\"answer{}\"><h4>{}</h4><p class=\"badges\">{} {} <span class=\"badge\">{} "
      "right</span></p><pre>{}</pre>",
      answer.arm == subject ? " subject" : "", arm_label(answer.arm),
      badge(answer.score.compliant, "compliant", "breaks the format"),
      badge(answer.score.exact, "exact match", "not exact"), percent(answer.score.accuracy),
      text.empty() ? "<em>(empty)</em>" : diff_html(reference, text));
  constexpr std::size_t kMostViolations = 3;
  const std::vector<std::string>& violations = answer.score.violations;
  for (std::size_t i = 0; i < std::min(violations.size(), kMostViolations); ++i) {
    out += "<p class=\"violation\">" + escape(violations[i]) + "</p>";
  }
  if (violations.size() > kMostViolations) {
    out +=
        fmt::format("<p class=\"violation\">and {} more</p>", violations.size() - kMostViolations);
  }
  return out + "</div>";
}

std::string example_html(const Example& example, const std::string& subject, bool open) {
  std::string out = fmt::format(
      "<details class=\"example\"{}><summary>{}</summary><div "
      "class=\"pair\"><div><h4>Input</h4><pre>{}</pre></div>"
      "<div><h4>Reference</h4><pre>{}</pre></div></div><div class=\"answers\">",
      open ? " open" : "", escape(example.id), escape(example.input),
      escape(readable(example.reference, example.reference)));
  for (const ExampleAnswer& answer : example.answers) out += answer_html(answer, example, subject);
  return out + "</div></details>";
}

Row rate_row(const std::string& other, std::string_view measure, const RateComparison& rates) {
  return {{other, std::string(measure), points_interval(rates.difference),
           std::to_string(rates.counts.first_only), std::to_string(rates.counts.second_only),
           p_value(rates.p)}};
}

}  // namespace

std::string verdict_section(const Verdict& verdict) {
  std::string out = fmt::format(
      "<section class=\"verdict {}\" aria-labelledby=\"verdict\"><p "
      "class=\"kicker\">Verdict</p><h2 id=\"verdict\">{}</h2><ul>",
      decision_class(verdict.decision), escape(verdict.headline));
  for (const std::string& reason : verdict.reasons) out += "<li>" + escape(reason) + "</li>";
  out += "</ul>";
  std::vector<Row> gates;
  for (const Gate& gate : verdict.gates) {
    gates.push_back({{escape(gate.name), arm_label(gate.arm), percent(gate.required),
                      percent_interval(gate.measured),
                      fmt::format("<span class=\"badge {}\">{}</span>", gate_class(gate.state),
                                  gate_state_text(gate.state))}});
  }
  if (!gates.empty()) {
    out += table_html(
        {{"Required bar"}, {"Arm"}, {"At least", true}, {"Measured", true}, {"State"}}, gates);
  }
  return out + "</section>";
}

std::string results_section(const Comparison& comparison) {
  const std::string clusters = cluster_note(comparison);
  std::string out = fmt::format(
      "<section><h2>Results</h2><p>{} held-out items, the same for every arm. Bars are rates, "
      "whiskers 95&nbsp;% intervals{}. "
      "Compliant means: {}.</p><div class=\"plots\">",
      comparison.n, clusters.empty() ? "" : "; " + escape(clusters),
      escape(comparison.compliance_basis));
  out += arms_plot(comparison, "Format compliance",
                   [](const ArmSummary& arm) { return arm.format_compliance; });
  out += arms_plot(comparison, measure_name(comparison),
                   [](const ArmSummary& arm) { return arm.domain_accuracy; });
  out +=
      arms_plot(comparison, "Exact match", [](const ArmSummary& arm) { return arm.exact_match; });
  out += "</div>";
  std::vector<Column> columns{{"Arm"},
                              {"Format compliance", true},
                              {measure_name(comparison), true},
                              {"Exact match", true},
                              {"JSON found", true},
                              {"Latency", true},
                              {"p95", true},
                              {"Prompt tokens", true}};
  const bool terms = std::any_of(comparison.arms.begin(), comparison.arms.end(),
                                 [](const ArmSummary& arm) { return arm.forbidden_terms > 0; });
  if (terms) columns.push_back({"Forbidden terms", true});
  std::vector<Row> rows;
  for (const ArmSummary& arm : comparison.arms) {
    rows.push_back({{arm_label(arm.name), percent_interval(arm.format_compliance),
                     percent_interval(arm.domain_accuracy), percent_interval(arm.exact_match),
                     percent(arm.json_found.value), milliseconds(arm.latency_ms.median),
                     milliseconds(arm.latency_ms.p95), fmt::format("{:.0f}", arm.prompt_tokens),
                     std::to_string(arm.forbidden_terms)},
                    arm.name == comparison.subject});
  }
  return out + table_html(columns, rows) +
         "<p class=\"note\">Latency: median and 95th percentile from prompt to last "
         "token.</p></section>";
}

std::string tests_section(const Comparison& comparison) {
  if (comparison.comparisons.empty()) return "";
  const std::string subject = display_name(comparison.subject);
  std::vector<Row> rows;
  for (const PairedComparison& pair : comparison.comparisons) {
    const std::string other = arm_label(pair.other);
    rows.push_back(rate_row(other, "Format compliance", pair.format_compliance));
    rows.push_back(rate_row(other, "Exact match", pair.exact_match));
    rows.push_back(
        {{other, measure_name(comparison), points_interval(pair.domain_accuracy_difference)}});
    const stats::Estimate& latency = pair.latency_ms_difference;
    rows.push_back({{other, "Mean latency",
                     fmt::format("{} [{}, {}]", milliseconds(latency.value),
                                 milliseconds(latency.low), milliseconds(latency.high))}});
  }
  return fmt::format(
             "<section><h2>Is the difference real?</h2><p>Each row holds {0} against another arm "
             "on the same items; rates and scores above zero favour {0}. "
             "The exact McNemar test asks how likely so uneven a split of the items that only one "
             "arm got right would be if both arms were equally good.</p>",
             escape(subject)) +
         table_html({{"Against"},
                     {"Measure"},
                     {"Difference", true},
                     {"Only " + subject, true},
                     {"Only the other", true},
                     {"Exact McNemar", true}},
                    rows) +
         "</section>";
}

std::string measures_section(const Comparison& comparison) {
  const MeasureGrid grid = measure_grid(comparison);
  if (grid.rows.empty()) return "";
  std::vector<Column> columns;
  for (const std::string& head : grid.head) columns.push_back({head, !columns.empty()});
  std::vector<Row> rows;
  for (const std::vector<std::string>& cells : grid.rows) {
    Row& row = rows.emplace_back();
    for (const std::string& cell : cells) row.cells.push_back(escape(cell));
  }
  std::string out = "<section><h2>Further measures</h2>" + table_html(columns, rows);
  for (const std::string& note : grid.notes) out += "<p class=\"note\">" + escape(note) + "</p>";
  return out + "</section>";
}

std::string fields_section(const Comparison& comparison) {
  std::vector<std::string> names;
  for (const ArmSummary& arm : comparison.arms) {
    for (const FieldAccuracy& field : arm.fields) {
      if (std::find(names.begin(), names.end(), field.name) == names.end())
        names.push_back(field.name);
    }
  }
  if (names.empty()) return "";
  std::string out =
      "<section><h2>Field by field</h2><p>How often each field of the reference is right, with "
      "95&nbsp;% Wilson intervals.</p>"
      "<div class=\"scroll\"><table class=\"fields\"><thead><tr><th scope=\"col\">Field</th>";
  for (const ArmSummary& arm : comparison.arms)
    out += "<th scope=\"col\">" + arm_label(arm.name) + "</th>";
  out += "</tr></thead><tbody>";
  for (const std::string& name : names) {
    out += "<tr><th scope=\"row\"><code>" + escape(name) + "</code></th>";
    for (const ArmSummary& arm : comparison.arms) {
      const auto field = std::find_if(arm.fields.begin(), arm.fields.end(),
                                      [&](const FieldAccuracy& one) { return one.name == name; });
      out +=
          field == arm.fields.end()
              ? "<td></td>"
              : fmt::format("<td class=\"share{}\" style=\"--share:{:.3f}\"><span>{}</span></td>",
                            arm.name == comparison.subject ? " subject" : "", field->accuracy.value,
                            percent_interval(field->accuracy));
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div></section>";
}

std::string examples_section(const Comparison& comparison) {
  std::string out;
  if (!comparison.examples.empty()) {
    out +=
        "<section><h2>Answers side by side</h2><p>Items spread evenly over the held-out set, not "
        "picked. In each answer "
        "<ins>marked</ins> words are not in the reference, <del>struck</del> words are missing; "
        "the order of keys is not compared.</p>";
    bool open = true;
    for (const Example& example : comparison.examples) {
      out += example_html(example, comparison.subject, open);
      open = false;
    }
    out += "</section>";
  }
  if (!comparison.worst.empty()) {
    out += fmt::format(
        "<section><h2>Where {} does worst</h2><p>Broken formats first, then the fewest right "
        "fields.</p>",
        arm_label(comparison.subject));
    for (const Example& example : comparison.worst)
      out += example_html(example, comparison.subject, false);
    out += "</section>";
  }
  return out;
}

}  // namespace attune::eval
