// A suite: which items, which ways of answering them, and what is required of them; read from one
// YAML or JSON file, or put together from a command line.
//
//   name: tickets
//   data: test.jsonl              # any file that `attune data formats` lists; or tests: [...]
//   contract: ticket.schema.json
//   examples: train.jsonl         # where few-shot examples come from
//   arms:
//     - {name: zero_shot, model: models/attune-base}
//     - {name: few_shot, model: models/attune-base, shots: [1, 3], pick: similar}
//     - {name: tuned, model: out/tickets/adapter, instructed: false}
//   require: {format_compliance: 0.96, domain_accuracy: 0.94}
//
// Paths are relative to the file. docs/evaluation.md has every key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "eval/assertion.h"
#include "eval/judge.h"
#include "eval/measures.h"
#include "eval/suite_extras.h"
#include "io/file.h"
#include "io/json.h"

namespace attune::eval {

// How the examples of a few-shot prompt are found.
enum class Pick {
  spread,   // evenly over the examples, the same for each item
  similar,  // those whose question is most like the item's (shot_choice.h)
  random,   // drawn for each item
};

struct SuiteArm {
  std::string name;
  std::string model;  // a folder: a model or an adapter; else a name at the endpoint; empty:
                      // the rows of an eval bring their answers
  std::string endpoint = {};  // address; empty: OPENAI_BASE_URL or the server on this machine
  bool instructed = true;     // the contract in words goes before the question
  std::vector<std::int64_t> shots = {0};  // more than one: the best on the validation rows is taken
  Pick pick = Pick::similar;
  std::string system = {};  // a system message instead of the items' own
  std::string prompt = {};  // a template over the variables of a test: "Summarise: {{text}}"
  ArmPrice price = {};
  CheckpointChoice checkpoints = {};  // of the adapter's training, each an arm of its own
  std::int64_t step = 0;              // of such an arm
};

// A test as promptfoo writes it: variables, and assertions over the answer.
struct SuiteTest {
  std::string id;
  Json variables = Json::object();
  std::string reference = {};
  std::vector<Assertion> assertions = {};
};

struct SuiteRequirements {
  std::optional<double> format_compliance = {};
  std::optional<double> domain_accuracy = {};
  std::optional<double> exact_match = {};
  std::optional<double> judge = {};  // the judge's figure, corrected by its labels
};

// How the consistency of an arm's answers is measured (metrics/consistency.h), on its first items.
struct ConsistencyPlan {
  std::int64_t items = 0;  // 0: not measured
  std::int64_t samples = 5;
  double temperature = 0.7;              // of the samples: that of the deployment
  std::int64_t paraphrases = 4;          // other wordings of an input
  bool pass_is_right = false;            // what "passes" is wholly right; else compliant
  std::vector<std::string> fields = {};  // JSON pointers of what must agree; empty: all of it
};

// What an OpenAI eval says besides (eval_object.h); empty in every other suite.
struct EvalSource {
  Json testing_criteria = nullptr;
  Json item_schema = nullptr;
  Json content = nullptr;         // rows in the file itself
  Json input_messages = nullptr;  // what a model is asked; null: the rows bring answers
  explicit operator bool() const { return !testing_criteria.is_null(); }
};

struct Suite {
  std::string name;
  std::string data = {};  // path; empty: `tests`
  std::string map = {};   // a --map line for `data`
  std::vector<SuiteTest> tests = {};
  std::string contract = {};
  std::string examples = {};
  std::string validation = {};
  MeasurePlan measures = {};
  std::string reference = {};  // the field that has the answer wanted; empty: the row's last answer
  std::string cluster = {};    // the field that says which items belong together; empty: none do
  EvalSource eval = {};
  std::string subject = {};  // the arm that the others are compared with; empty: the last
  std::vector<SuiteArm> arms = {};
  double temperature = 0;
  std::int64_t most_tokens = 256;
  std::uint64_t seed = 1;
  std::int64_t timed_items = 20;  // answered once more, alone and the arms in turn, for latency
  std::int64_t most_items = 0;    // 0: all
  ConsistencyPlan consistency = {};
  SuiteRequirements require = {};
  JudgePlan judge = {};
  Budget budget = {};
  std::string general =
      {};  // rows that the base and the subject answer: what tuning made it forget
};

// Refused: unknown keys, values of a wrong kind or range, no items, no arms, two arms of one name,
// shots without examples, several shot counts without validation rows.
Result<Suite> read_suite(const Path& path);
// `folder` is what paths are relative to.
Result<Suite> suite_from_json(const Json& document, std::string_view where, const Path& folder);
// What every suite must have, however it came about.
Result<void> check_suite(const Suite& suite, std::string_view where);
// Of that, judge, budget and prices.
Result<void> check_extras(const Suite& suite, std::string_view where);

// The subject, or the last arm.
const std::string& subject_of(const Suite& suite);

Json to_json(const Suite& suite);

inline constexpr std::array kPickNames = {
    std::pair{Pick::spread, std::string_view("spread")},
    std::pair{Pick::similar, std::string_view("similar")},
    std::pair{Pick::random, std::string_view("random")},
};
std::string_view pick_name(Pick pick);

}  // namespace attune::eval
