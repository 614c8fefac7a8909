// One item of an eval run, from its row to its result: the row is held against the schema, the
// model answers, the graders judge.
//
//   ATTUNE_ANSWER(const EvalPlan plan, EvalPlan::prepare(eval, data_source));      // once a run
//   const jobs::NewEvalItem item = plan.run(number, row, where, asker);
//
// Whatever goes wrong with an item is told in the item: its status is "error", sample.error or the
// `error` of a result has code and message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/grader.h"
#include "grammar/json_schema.h"
#include "jobs/rows.h"
#include "serve/model_asker.h"
#include "wire/evals.h"

namespace attune::serve {

class EvalPlan {
 public:
  // The criteria and the schema were checked when the eval was created.
  static Answer<EvalPlan> prepare(const wire::EvalObject& eval, const wire::EvalDataSource& source);

  // The item of the row at `number`; an Error in place of the row says why it can not be read.
  jobs::NewEvalItem run(std::int64_t number, const Result<Json>& row, const std::string& run_id,
                        const std::string& eval_id, std::int64_t now,
                        const ModelAsker& asker) const;

 private:
  explicit EvalPlan(grammar::JsonSchema schema) : schema_(std::move(schema)) {}

  struct Sample;
  std::optional<wire::EvalError> check_row(const Json& row) const;
  Sample sample_of(const Result<Json>& row, const Json& item, const ModelAsker& asker) const;
  Sample sample_of_row(const Json& row) const;
  Answer<std::vector<wire::PromptMessage>> prompt_of(const Json& item) const;
  Sample sample_of_model(const Json& item, const ModelAsker& asker) const;
  void judge(const Json& item, const Json& sample, const ModelAsker& asker, Json& results,
             wire::EvalTally& tally) const;

  grammar::JsonSchema schema_;
  wire::EvalDataSource source_;
  std::vector<eval::Judge> judges_;
  std::vector<eval::Template> prompt_;
  std::optional<eval::ValuePath> prompt_reference_;
};

// What a grade is as JSON beside its name and type: used by results of items and by the graders'
// own routes.
std::string_view fault_code(eval::GradeFault fault);

// Adds what the models of a grade have read and written.
void count_usage(const eval::Grade& grade, wire::EvalTally& tally);

// Refuses a grader that asks a model which the tenant has not. `param` is the grader's place.
Answer<void> need_grader_models(App& app, const jobs::Tenant& tenant, const wire::Grader& grader,
                                const std::string& param);

// An eval as it is created: refuses a schema that is none, templates and formulas that are faulty,
// and places of templates that no item can have.
Answer<void> check_eval(const wire::EvalRequest& request);

}  // namespace attune::serve
