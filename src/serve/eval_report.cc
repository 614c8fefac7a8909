#include "serve/eval_report.h"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "eval/html.h"
#include "stats/statistics.h"

namespace attune::serve {

namespace {

using eval::escape;

std::string time_text(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

// "83.3 % (36.5 to 99.1 %)": the share of those that were judged.
std::string rate(std::int64_t passed, std::int64_t failed) {
  if (passed + failed == 0) return "none was judged";
  const stats::Estimate share = stats::wilson(static_cast<double>(passed), passed + failed);
  return fmt::format("{:.1f} % ({:.1f} to {:.1f} %)", 100 * share.value, 100 * share.low,
                     100 * share.high);
}

std::string section(std::string_view title, const std::string& content) {
  return fmt::format("<section><h2>{}</h2>{}</section>", title, content);
}

std::vector<std::string> count_cells(const std::string& name, std::int64_t passed,
                                     std::int64_t failed, std::int64_t errored) {
  return {escape(name), std::to_string(passed), std::to_string(failed), std::to_string(errored),
          rate(passed, failed)};
}

std::string outcome_html(const wire::EvalTally& tally) {
  std::vector<eval::Row> rows = {{.cells = count_cells("all criteria", tally.items.passed,
                                                       tally.items.failed, tally.items.errored),
                                  .subject = true}};
  for (const wire::EvalCriterionCounts& one : tally.criteria)
    rows.push_back({.cells = count_cells(one.name, one.passed, one.failed, one.errored)});
  return eval::table_html({{.heading = ""},
                           {.heading = "passed", .numeric = true},
                           {.heading = "failed", .numeric = true},
                           {.heading = "errors", .numeric = true},
                           {.heading = "passed, with the 95 % interval (Wilson)", .numeric = true}},
                          rows);
}

std::string usage_html(const std::vector<wire::EvalModelUsage>& models) {
  std::vector<eval::Row> rows;
  for (const wire::EvalModelUsage& one : models)
    rows.push_back({.cells = {escape(one.model), std::to_string(one.invocations),
                              std::to_string(one.prompt_tokens), std::to_string(one.cached_tokens),
                              std::to_string(one.completion_tokens)}});
  return eval::table_html({{.heading = "model"},
                           {.heading = "asked", .numeric = true},
                           {.heading = "tokens read", .numeric = true},
                           {.heading = "of them remembered", .numeric = true},
                           {.heading = "tokens written", .numeric = true}},
                          rows);
}

std::string code(const std::string& text) { return "<code>" + escape(text) + "</code>"; }

std::string message_of(const Json& error) {
  return error.is_object() ? error.value("message", "") : std::string();
}

// What each grader said of the item, or why there was nothing to say.
std::string verdict_of(const Json& item) {
  std::string text = escape(message_of(item["sample"].value("error", Json())));
  for (const Json& result : item["results"]) {
    if (!text.empty()) text += "<br>";
    const std::string problem = message_of(result.value("error", Json()));
    text += fmt::format(
        "{}: {}", escape(result.value("name", "")),
        problem.empty()
            ? fmt::format("{} ({:.3g})", result.value("passed", false) ? "passed" : "failed",
                          result.value("score", 0.0))
            : escape(problem));
  }
  return text;
}

std::string items_html(const std::vector<Json>& items) {
  std::vector<eval::Row> rows;
  for (const Json& item : items) {
    const Json& output = item["sample"]["output"];
    rows.push_back(
        {.cells = {std::to_string(item.value("datasource_item_id", 0)),
                   code(to_text(item["datasource_item"])),
                   output.empty() ? "" : code(output[0].value("content", "")), verdict_of(item)}});
  }
  return eval::table_html(
      {{.heading = "row"}, {.heading = "item"}, {.heading = "answer"}, {.heading = "result"}},
      rows);
}

}  // namespace

std::string eval_report_html(const wire::EvalObject& eval, const wire::EvalRunObject& run,
                             const std::vector<Json>& items) {
  const std::string meta = fmt::format("Run {} of eval {}{} - {} - {}", run.id, eval.name,
                                       run.model.empty() ? "" : " with " + run.model,
                                       wire::to_text(run.status), time_text(run.created_at));
  std::string page;
  if (run.error) page += section("Error", "<p>" + escape(run.error->message) + "</p>");
  page += section("Outcome", outcome_html(run.tally));
  if (!run.tally.models.empty()) page += section("Models", usage_html(run.tally.models));
  if (!items.empty())
    page += section(fmt::format("Items that did not pass: {} of {}", items.size(),
                                run.tally.items.failed + run.tally.items.errored),
                    items_html(items));
  return eval::html_page(
      run.name, meta, page, "",
      "section{overflow-x:auto}code{white-space:pre-wrap;overflow-wrap:anywhere}");
}

}  // namespace attune::serve
