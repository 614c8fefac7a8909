// A run on disk, complete enough that every figure of its report can be computed again:
//
//   run.json        {"version":1,"created","program","suite","contract","metric","subject",...}
//   results.jsonl   one line an item: {"id","input","reference","assertions"?,"cluster"?,"side"?,
//                   "answers":{"tuned":{"text",...,"scores":{"compliant","exact","accuracy",
//                   "violations","measures"?}}, ...}}; side is what side_data.h says
//
// run.json also has, by arm, the parts of the consistency of each item that was asked again; the
// answers themselves are in the answer cache.
//
//   ATTUNE_TRY_VOID(write_run(out, record, comparison));
//   ATTUNE_TRY(RunRecord again, read_run(out));
//   ATTUNE_TRY(Comparison same, compare_run(again));      // attune eval verify
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/compare.h"
#include "grammar/contract.h"
#include "io/file.h"
#include "io/json.h"

namespace attune::eval {

inline constexpr int kRunVersion = 1;
inline constexpr const char* kGeneralRun = "general";

struct RunRecord {
  std::string created;  // UTC
  Json suite = Json::object();
  Json contract = nullptr;  // the document; null: none
  MeasurePlan measures = {};
  Json testing_criteria = nullptr;  // of metric criteria
  std::string cluster = {};         // the field of Item::cluster
  std::string subject;
  Json facts = Json::object();  // program, machine, models: for people
  std::vector<Item> items;
  std::vector<ArmResult> arms;
  // Of each arm whose consistency was measured, by its name.
  std::map<std::string, std::vector<metrics::ConsistencyItem>> consistency = {};
  std::map<std::string, AdapterTimes> adapter_times = {};  // of each arm with an adapter
  std::optional<JudgeRecord> judge = {};
  // Other items that the base and the subject answered, a run in the folder kGeneralRun of its own.
  std::shared_ptr<const RunRecord> general = {};
};

Result<void> write_run(const Path& folder, const RunRecord& record, const Comparison& comparison);
// A line of results.jsonl.
Json result_json(const RunRecord& record, const Comparison& comparison, std::size_t item);
// Refused: files that are missing, broken or of another version, with the line.
Result<RunRecord> read_run(const Path& folder);

// The comparison of the recorded answers.
Result<Comparison> compare_run(const RunRecord& record);

// Items of both runs, in the order of the first, answered by one arm of each: what `attune eval
// compare` compares. The arms are called "before" and "after". Items are the same when id, input
// and reference are. Refused: an arm that a run has not, no item in common.
struct JoinedRuns {
  RunRecord record;
  std::int64_t only_before = 0, only_after = 0;  // items of one run alone
};
Result<JoinedRuns> join_runs(const RunRecord& before, const std::string& before_arm,
                             const RunRecord& after, const std::string& after_arm);

}  // namespace attune::eval
