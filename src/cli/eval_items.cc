// Rows and tests of a suite as items: the answer wanted, the cluster, and what measures need
// besides.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/eval.h"
#include "cli/tune_prompts.h"
#include "data/prepare.h"
#include "eval/side_data.h"

namespace attune::cli {

namespace {

// Whether rows may come without an answer: the measures have what they hold it against elsewhere.
bool needs_no_answer(const eval::Suite& suite) {
  const eval::MeasurePlan& plan = suite.measures;
  return !suite.reference.empty() || plan.metric == eval::Metric::ifeval ||
         (plan.metric == eval::Metric::tool_calls && plan.metric_options.contains("accepted"));
}

bool reads_columns(const eval::Suite& suite) {
  return needs_no_answer(suite) || !suite.cluster.empty() ||
         suite.measures.metric == eval::Metric::tool_calls || !suite.measures.beside.empty();
}

// The row's last answer; calls that are no text as {"name", "arguments"}.
std::string answer_of(const data::Example& row) {
  std::string text = data::final_answer(row);
  if (!text.empty() || row.messages.empty()) return text;
  const Json& last = row.messages.back();
  if (!last.contains("tool_calls") || !last["tool_calls"].is_array()) return text;
  Json calls = Json::array();
  for (const Json& call : last["tool_calls"]) {
    const Json function = call.value("function", Json::object());
    const Json arguments = function.value("arguments", Json("{}"));
    calls.push_back(
        {{"name", function.value("name", Json())},
         {"arguments",
          arguments.is_string()
              ? parse_json(arguments.get<std::string>(), "arguments").value_or(arguments)
              : arguments}});
  }
  return to_text(calls);
}

std::string text_of_test(const eval::SuiteTest& test) {
  std::string text;
  for (const auto& [name, value] : test.variables.items())
    text += (text.empty() ? "" : "\n") +
            (value.is_string() ? value.get<std::string>() : to_text(value));
  return text;
}

// Fills cluster and side of an item whose columns are these.
Result<void> add_fields(const eval::Suite& suite, const Json& columns, const Json& tools,
                        const std::string& where, eval::Item& item) {
  if (!suite.cluster.empty()) {
    ATTUNE_TRY(item.cluster, eval::field_text(columns, suite.cluster, where));
  }
  ATTUNE_TRY(item.side, eval::side_of(suite.measures, columns, tools, item, where));
  return {};
}

}  // namespace

Result<std::vector<data::Example>> read_rows(const eval::Suite& suite, const std::string& path,
                                             bool all) {
  data::PrepareOptions options;
  options.read.map = suite.map;
  // A map must name an answer; rows that need none may have one all the same.
  if (needs_no_answer(suite) && !suite.map.empty() && suite.map.find("assistant") == suite.map.npos)
    options.read.map += ",assistant=answer?";
  options.read.supervised_only = !needs_no_answer(suite) || !all;
  options.read.keep_columns = reads_columns(suite);
  options.keep_duplicates = true;
  ATTUNE_TRY(data::Prepared prepared, data::prepare(path, options));
  const std::int64_t dropped = prepared.report.rows_read - prepared.report.rows_kept;
  if (all && dropped > 0) {
    return bad_input({.where = path,
                      .found = fmt::format("{} of {} rows that cannot be used", dropped,
                                           prepared.report.rows_read),
                      .wanted = "held-out rows that all can be asked",
                      .fix = "`attune data check` says which; mend them or take them out"});
  }
  return std::move(prepared.examples);
}

Result<std::vector<eval::Item>> items_of_rows(const eval::Suite& suite,
                                              const std::vector<data::Example>& rows) {
  std::vector<eval::Item> items;
  for (const data::Example& row : rows) {
    eval::Item& item = items.emplace_back();
    item.id = row.id;
    item.input = last_user_text(row);
    item.reference = answer_of(row);
    if (!suite.reference.empty()) {
      ATTUNE_TRY(item.reference, eval::field_text(row.rest, suite.reference, row.where()));
    }
    ATTUNE_TRY_VOID(add_fields(suite, row.rest, row.tools, row.where(), item));
    if (suite.eval) item.side = row.rest;
  }
  return items;
}

Result<std::vector<eval::Item>> items_of(const Material& material) {
  const eval::Suite& suite = material.suite;
  ATTUNE_TRY(std::vector<eval::Item> items, items_of_rows(suite, material.rows));
  for (const eval::SuiteTest& test : suite.tests) {
    eval::Item item{.id = test.id,
                    .input = text_of_test(test),
                    .reference = test.reference,
                    .assertions = test.assertions};
    ATTUNE_TRY_VOID(add_fields(suite, test.variables, nullptr, test.id, item));
    items.push_back(std::move(item));
  }
  return items;
}

// An item's own answer must not be among the examples that are shown to it, or trained on.
Result<void> leave_out_held_out(const std::vector<data::Example>& held_out,
                                std::vector<data::Example>& examples) {
  std::set<std::string> questions;
  for (const data::Example& row : held_out) questions.insert(to_text(question_messages(row)));
  std::erase_if(examples, [&](const data::Example& one) {
    return questions.contains(to_text(question_messages(one)));
  });
  if (!examples.empty()) return {};
  return bad_input({.where = "examples",
                    .found = "no example that is not a held-out item as well",
                    .wanted = "the training rows"});
}

}  // namespace attune::cli
