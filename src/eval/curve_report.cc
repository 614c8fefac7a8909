// The learning curve for people and programs.
#include <cmath>

#include <fmt/format.h>

#include "eval/curve.h"
#include "eval/html.h"
#include "eval/supplement.h"
#include "eval/svg_plot.h"
#include "eval/table.h"
#include "eval/words.h"

namespace attune::eval {

namespace {

constexpr int kPlotPoints = 60;  // of the fitted curve
constexpr std::string_view kFalls =
    "Warning: at some size more examples made it worse; trust no law here.";

std::string count_text(double examples) {
  return std::isfinite(examples) ? fmt::format("{:.0f}", std::ceil(examples))
                                 : "more than is claimed";
}

std::string answer_text(const CurveTarget& target, const stats::LearningCurve& curve) {
  const stats::ExamplesFor& answer = target.answer;
  switch (answer.reach) {
    case stats::Reach::reached:
      return fmt::format("{}: reached by about {} examples [{}, {}]", percent(target.score),
                         count_text(answer.examples.value), count_text(answer.examples.low),
                         count_text(answer.examples.high));
    case stats::Reach::needed:
      return fmt::format("{}: about {} examples in all [{}, {}]", percent(target.score),
                         count_text(answer.examples.value), count_text(answer.examples.low),
                         count_text(answer.examples.high));
    case stats::Reach::not_claimed:
      return fmt::format(
          "{}: not within {:.0f} examples; nothing is claimed beyond four times the data",
          percent(target.score), curve.limit);
    case stats::Reach::unreachable:
      break;
  }
  return fmt::format("{}: unreachable with examples of this kind and this model",
                     percent(target.score));
}

std::string stop_text(const RuleCurve& rule) {
  const std::string gain = points_interval(rule.stop.gain_of_doubling);
  if (rule.stop.stop())
    return fmt::format(
        "Stop collecting: doubling the examples is worth {}, and the two largest sizes "
        "are the same within 2 points.",
        gain);
  if (rule.stop.gain_is_small)
    return fmt::format(
        "Doubling the examples is worth {}; that the curve is flat is not shown yet "
        "(the largest two differ by {}).",
        gain, points_interval(rule.plateau.difference));
  if (rule.stop.gain_of_doubling.low <= 0)
    return fmt::format("Doubling the examples is worth {}: that more help is not shown.", gain);
  return fmt::format("More examples still help: doubling them is worth {}.", gain);
}

std::string rule_name(const std::string& rule) {
  return rule == "steps" ? "equal steps at each size" : "equal epochs at each size";
}

std::vector<std::vector<std::string>> size_rows(const RuleCurve& rule) {
  std::vector<std::vector<std::string>> rows{
      {"examples", "runs", "format compliance", "domain accuracy", "lowest to highest", "curve"}};
  for (const CurveSize& size : rule.sizes) {
    rows.push_back({std::to_string(size.examples), std::to_string(size.runs),
                    percent(size.format_compliance), percent(size.domain_accuracy),
                    fmt::format("{} to {}", percent(size.lowest), percent(size.highest)),
                    percent_interval(size.fitted)});
  }
  return rows;
}

std::string models_text(const stats::LearningCurve& curve) {
  std::string text;
  for (const stats::FittedModel& model : curve.models) {
    if (model.weight < 0.01) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", stats::curve_model_name(model.model),
                        percent(model.weight));
  }
  return text;
}

std::string plot(const RuleCurve& rule) {
  Curve measured{.label = "measured", .points = {}, .dots = true};
  for (const CurveSize& size : rule.sizes)
    measured.points.push_back({size.examples, 100 * size.domain_accuracy});
  Curve fitted{.label = "curve", .points = {}};
  const double first = rule.curve.smallest_size;
  const double step = (2 * rule.curve.largest_size - first) / kPlotPoints;
  for (int k = 0; k <= kPlotPoints; ++k) {
    const double n = first + k * step;
    if (const auto score = stats::score_at(rule.curve, n))
      fitted.points.push_back({static_cast<std::int64_t>(std::llround(n)), 100 * score->value});
  }
  return line_plot("Domain accuracy by training examples", "%", {fitted, measured});
}

}  // namespace

std::string curve_text(const CurveReport& report) {
  std::string out;
  for (const RuleCurve& rule : report.rules) {
    out += fmt::format("{}\n{}", rule_name(rule.rule), aligned_table(size_rows(rule)));
    out += fmt::format("laws: {}; no number of examples gets past {}\n", models_text(rule.curve),
                       percent_interval(rule.limit));
    for (const CurveTarget& target : rule.targets) out += answer_text(target, rule.curve) + "\n";
    out += stop_text(rule) + "\n";
    if (rule.curve.check.falls()) out += fmt::format("{}\n", kFalls);
    out += "\n";
  }
  return out;
}

Json curve_json(const CurveReport& report) {
  Json rules = Json::array();
  for (const RuleCurve& rule : report.rules) {
    Json sizes = Json::array(), models = Json::array(), targets = Json::array();
    for (const CurveSize& size : rule.sizes) {
      sizes.push_back({{"examples", size.examples},
                       {"runs", size.runs},
                       {"format_compliance", size.format_compliance},
                       {"domain_accuracy", size.domain_accuracy},
                       {"lowest", size.lowest},
                       {"highest", size.highest},
                       {"curve", estimate_json(size.fitted)}});
    }
    for (const stats::FittedModel& model : rule.curve.models) {
      models.push_back({{"law", stats::curve_model_name(model.model)},
                        {"parameters", model.parameters},
                        {"weight", model.weight}});
    }
    for (const CurveTarget& target : rule.targets) {
      targets.push_back({{"score", target.score},
                         {"reach", stats::reach_name(target.answer.reach)},
                         {"examples", estimate_json(target.answer.examples)}});
    }
    rules.push_back({{"rule", rule.rule},
                     {"sizes", sizes},
                     {"laws", models},
                     {"limit", estimate_json(rule.limit)},
                     {"targets", targets},
                     {"gain_of_doubling", estimate_json(rule.stop.gain_of_doubling)},
                     {"plateau",
                      {{"difference", estimate_json(rule.plateau.difference)},
                       {"p", rule.plateau.p},
                       {"verdict", stats::equivalence_verdict_name(rule.plateau.verdict)}}},
                     {"stop", rule.stop.stop()},
                     {"falls", rule.curve.check.falls()}});
  }
  return {{"version", 1}, {"curves", rules}};
}

std::string curve_html(const CurveReport& report, const std::string& title,
                       const std::string& created) {
  std::string body;
  for (const RuleCurve& rule : report.rules) {
    const std::vector<std::vector<std::string>> rows = size_rows(rule);
    std::vector<Column> columns;
    for (std::size_t c = 0; c < rows.front().size(); ++c)
      columns.push_back({rows.front()[c], c > 0});
    std::vector<Row> cells;
    for (std::size_t r = 1; r < rows.size(); ++r) cells.push_back({rows[r]});
    body += fmt::format(
        "<section><h2>{}</h2><figure class=\"wide\">{}</figure>{}<p>Laws: {}. No number "
        "of examples gets past {}.</p><ul>",
        escape(rule_name(rule.rule)), plot(rule), table_html(columns, cells),
        escape(models_text(rule.curve)), escape(percent_interval(rule.limit)));
    for (const CurveTarget& target : rule.targets)
      body += "<li>" + escape(answer_text(target, rule.curve)) + "</li>";
    body += "<li>" + escape(stop_text(rule)) + "</li></ul>";
    if (rule.curve.check.falls()) body += fmt::format("<p>{}</p>", kFalls);
    body += "</section>";
  }
  return html_page(title + ": how many examples?", created, body,
                   "The same numbers for programs are in curve.json, the runs in curve.jsonl.");
}

}  // namespace attune::eval
