// The report as a page: its sections in order, and those of training, data and model.
#include <fmt/format.h>

#include "eval/html.h"
#include "eval/report.h"
#include "eval/report_sections.h"

namespace attune::eval {

namespace {

std::string training_section(const TrainingRecord& training) {
  const std::string plot = line_plot("Loss by step", "loss",
                                     {{"training loss", training.loss, false},
                                      {"validation loss", training.validation_loss, true}});
  const std::string facts = facts_html(training.facts);
  if (plot.empty() && facts.empty()) return "";
  return "<section><h2>Training</h2>" +
         (plot.empty() ? "" : "<figure class=\"wide\">" + plot + "</figure>") + facts +
         "</section>";
}

std::string facts_section(std::string_view heading, const Json& facts) {
  const std::string list = facts_html(facts);
  return list.empty() ? "" : fmt::format("<section><h2>{}</h2>{}</section>", heading, list);
}

constexpr std::string_view kHowToRead = R"html(<section><h2>How to read this</h2><dl class="facts">
<div><dt>Format compliance</dt><dd>Share of answers that keep the contract as a whole. Text around the JSON, a missing key or a forbidden term breaks it.</dd></div>
<div><dt>Domain accuracy</dt><dd>Mean share of the reference&#39;s fields that an answer has right: strings after collapsing white space, numbers by value. Where there is text around the JSON, the JSON in it is scored. For references that are not JSON: token F1. Labels and tool calls: right or wrong. Instructions and criteria: the share that is kept.</dd></div>
<div><dt>Exact match</dt><dd>Share of answers that equal the reference as a whole.</dd></div>
<div><dt>Intervals</dt><dd>95&nbsp;%. Rates: Wilson. Domain accuracy: BCa bootstrap over items. Differences: Newcombe for rates, bootstrap for scores. Where items belong together: a bootstrap of whole groups for all of them. Further measures: BCa bootstrap of the figure over the whole set.</dd></div>
</dl></section>)html";

}  // namespace

std::string report_html(const ReportInput& input) {
  std::string body = verdict_section(input.verdict);
  body += results_section(input.comparison);
  body += tests_section(input.comparison);
  body += measures_section(input.comparison);
  body += fields_section(input.comparison);
  for (const Supplement& part : input.comparison.supplements) body += supplement_html(part);
  body += training_section(input.training);
  body += examples_section(input.comparison);
  body += facts_section("Data", input.data);
  body += facts_section("Model", input.model);
  body += kHowToRead;
  return html_page(input.title, input.created, body,
                   "The same numbers for programs are in report.json.");
}

}  // namespace attune::eval
