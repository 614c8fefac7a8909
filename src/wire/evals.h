// Evals, their runs and output items: requests, checked, and objects with their JSON, as the
// published specification has them.
//
//   ATTUNE_ANSWER(const EvalRequest request, parse_eval_request(body));       // POST /evals
//   ATTUNE_ANSWER(const EvalRunRequest run, parse_eval_run_request(body));    // POST .../runs
//
// Served: data of type custom; runs over jsonl and completions (and responses, where it says the
// same), from file_content and file_id. Logs and stored completions are refused by name: this
// server keeps none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "wire/error.h"
#include "wire/grader.h"
#include "wire/objects.h"

namespace attune::wire {

// ---- objects ----

struct EvalObject {
  std::string id;
  std::string name;
  std::int64_t created_at = 0;
  Json schema = Json::object();           // of {"item": ..., "sample": ...}: what a row must be
  Json testing_criteria = Json::array();  // as they were given
  std::optional<Metadata> metadata = {};
  bool operator==(const EvalObject&) const = default;
};

enum class EvalRunStatus { queued, in_progress, completed, canceled, failed };
std::string_view to_text(EvalRunStatus status);
std::optional<EvalRunStatus> parse_eval_run_status(std::string_view text);

struct EvalError {
  std::string code;
  std::string message;
  bool operator==(const EvalError&) const = default;
};

struct EvalCounts {
  std::int64_t errored = 0, failed = 0, passed = 0;
  bool operator==(const EvalCounts&) const = default;
};

struct EvalModelUsage {
  std::string model;
  std::int64_t invocations = 0, prompt_tokens = 0, completion_tokens = 0, cached_tokens = 0;
  bool operator==(const EvalModelUsage&) const = default;
};

struct EvalCriterionCounts {
  std::string name;
  std::int64_t passed = 0, failed = 0, errored = 0;
  bool operator==(const EvalCriterionCounts&) const = default;
};

// What a run has come to. Tallies of items add up to that of their run.
struct EvalTally {
  EvalCounts items = {};
  std::vector<EvalModelUsage> models = {};
  std::vector<EvalCriterionCounts> criteria = {};

  void add(const EvalTally& more);
  void add_usage(const std::string& model, std::int64_t prompt_tokens,
                 std::int64_t completion_tokens, std::int64_t cached_tokens);
  bool operator==(const EvalTally&) const = default;
};

struct EvalRunObject {
  std::string id;
  std::string eval_id;
  EvalRunStatus status = EvalRunStatus::queued;
  std::string model = {};  // empty: the data brings the answers
  std::string name = {};
  std::int64_t created_at = 0;
  EvalTally tally = {};
  std::optional<Metadata> metadata = {};
  std::optional<EvalError> error = {};
  bool operator==(const EvalRunObject&) const = default;
};

// "pass", "fail" or "error": the last one where there is no answer or no grade.
enum class EvalItemStatus { pass, fail, error };
std::string_view to_text(EvalItemStatus status);

Json to_json(const EvalObject& eval);
// Without its data source and the address of its report, which answer_json adds.
Json to_json(const EvalRunObject& run);
Json answer_json(const EvalRunObject& run, Json data_source, std::string_view report_url);

template <>
Result<EvalObject> from_json(const Json& json, std::string_view where);
template <>
Result<EvalRunObject> from_json(const Json& json, std::string_view where);

// ---- requests ----

struct EvalRequest {
  std::optional<std::string> name = {};
  std::optional<Metadata> metadata = {};
  Json item_schema = Json::object();
  bool include_sample_schema = false;
  std::vector<Grader> criteria = {};
};
Answer<EvalRequest> parse_eval_request(const Json& body);

// The schema of a row: an item by `item_schema`, and a sample where the eval is to have one.
Json row_schema(const Json& item_schema, bool include_sample_schema);

struct EvalUpdate {
  std::optional<std::string> name = {};
  std::optional<Metadata> metadata = {};
};
Answer<EvalUpdate> parse_eval_update(const Json& body);

struct EvalSampling {
  double temperature = 1;
  double top_p = 1;
  std::int64_t seed = 42;
  std::optional<std::int64_t> max_tokens = {};
};

struct EvalDataSource {
  // Rows: given in the request, or a file of one {"item": ..., "sample": ...} a line.
  std::optional<Json> content = {};
  std::string file_id = {};

  // The model that answers; empty: the rows have their answers.
  std::string model = {};
  std::vector<PromptMessage> prompt = {};  // with templates; empty:
  std::string prompt_reference = {};       // a path to the messages in the item
  EvalSampling sampling = {};
};

struct EvalRunRequest {
  std::optional<std::string> name = {};
  std::optional<Metadata> metadata = {};
  EvalDataSource source = {};
  Json data_source = Json::object();  // as it was given, its messages in the form of prompt_json
};
Answer<EvalRunRequest> parse_eval_run_request(const Json& body);
// The data source of a run that was stored.
Answer<EvalDataSource> parse_eval_data_source(const Json& data_source);

}  // namespace attune::wire
