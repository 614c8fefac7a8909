#include "serve/eval_report.h"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "eval/html.h"
#include "stats/statistics.h"

namespace attune::serve {

namespace {

using eval::escape;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b2129;--soft:#59636f;--line:#dfe3e8;--code:#f1f3f6}
@media (prefers-color-scheme:dark){:root{--page:#12161b;--card:#1a2027;--text:#e4e8ed;--soft:#9aa6b3;--line:#2d3640;--code:#12171d}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.55 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 20px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:0 0 8px}
.meta{color:var(--soft);font-size:13px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:22px 24px;margin:18px 0;overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:7px 12px;border-bottom:1px solid var(--line);vertical-align:top}
.num{text-align:right;white-space:nowrap}
code{font-family:ui-monospace,monospace;font-size:12.5px;white-space:pre-wrap;overflow-wrap:anywhere}
)css";

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
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><meta "
      "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"><title>{0}</title><style>{1}</style></head><body><main><h1>{0}</h1><p "
      "class=\"meta\">Run {2} of eval {3}{4} - {5} - {6}</p>",
      escape(run.name), kStyle, escape(run.id), escape(eval.name),
      run.model.empty() ? "" : " with " + escape(run.model), wire::to_text(run.status),
      time_text(run.created_at));
  if (run.error) page += section("Error", "<p>" + escape(run.error->message) + "</p>");
  page += section("Outcome", outcome_html(run.tally));
  if (!run.tally.models.empty()) page += section("Models", usage_html(run.tally.models));
  if (!items.empty())
    page += section(fmt::format("Items that did not pass: {} of {}", items.size(),
                                run.tally.items.failed + run.tally.items.errored),
                    items_html(items));
  return page + "</main></body></html>\n";
}

}  // namespace attune::serve
