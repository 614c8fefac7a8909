// The parts of `attune eval run`, each a function; eval_run.cc strings them together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/chat_model.h"
#include "cli/command.h"
#include "cli/eval_budget.h"
#include "cli/options.h"
#include "cli/remote_options.h"
#include "data/example.h"
#include "eval/answer_cache.h"
#include "eval/arms.h"
#include "eval/run_record.h"
#include "eval/score_items.h"
#include "eval/shot_choice.h"
#include "eval/suite.h"
#include "eval/verdict.h"
#include "grammar/contract.h"

namespace attune::cli {

void add_eval_run(CLI::App& group, Body& selected);
void add_eval_compare(CLI::App& group, Body& selected);
void add_eval_verify(CLI::App& group, Body& selected);
void add_eval_curve(CLI::App& group, Body& selected);
void add_eval_explain(CLI::App& group, Body& selected);

struct EvalOptions {
  std::string suite_file;
  eval::Suite suite;  // of the command line, where there is no file
  std::vector<std::string> metrics;
  std::vector<std::string> models;
  std::int64_t shots = 3;
  std::string out = "out/eval";
  std::string baseline;
  std::string checkpoints;  // a run of attune tune, whose checkpoints are arms
  double require_format = 0, require_accuracy = 0;
  RemoteOptions remote;
  std::string dtype = "bf16";
  int threads = 0;
  std::int64_t at_once = 4;  // requests under way at an endpoint
  bool json = false;
};

// The file's suite, or the one that the options describe: zero-shot and few-shot arms for a base,
// one tuned arm for an adapter or an "ft:" name. Of an OpenAI eval in a file they may name rows and
// models.
Result<eval::Suite> choose_suite(const EvalOptions& options);

// Arms with `checkpoints`, and with a place the checkpoints of that run, as one arm a checkpoint;
// adapters that they hold are written below out/checkpoints. Refused: a run or step without.
Result<void> expand_checkpoints(const std::string& place, const Path& out, eval::Suite& suite);

// What the arms are asked about, read once.
struct Material {
  eval::Suite suite;
  std::optional<grammar::Contract> contract;
  std::optional<eval::Criteria> criteria;  // of an OpenAI eval
  std::string instruction;                 // the contract in words
  std::vector<data::Example> rows;         // of suite.data
  std::vector<data::Example> examples;     // of suite.examples
  std::vector<data::Example> validation;
  std::optional<eval::ShotChoice> choice;  // among the examples

  eval::ScoredBy scored_by() const;
};
Result<Material> load_material(eval::Suite suite);
// The rows, or the tests, as items, with what the suite's measures need of them. Refused: rows
// without it.
Result<std::vector<eval::Item>> items_of(const Material& material);
// Rows as items, with the fields that the suite names.
Result<std::vector<eval::Item>> items_of_rows(const eval::Suite& suite,
                                              const std::vector<data::Example>& rows);
// Rows of a file, with all their columns. `all`: none may be left out, or the arms would answer
// easier items than the file has.
Result<std::vector<data::Example>> read_rows(const eval::Suite& suite, const std::string& path,
                                             bool all);
// Takes those out of the examples that are held-out rows as well. An error: none is left.
Result<void> leave_out_held_out(const std::vector<data::Example>& held_out,
                                std::vector<data::Example>& examples);

// The rows of an OpenAI eval as prompts, with item and sample in Example::rest. Refused: rows that
// break the item_schema, prompts with places that an item has not.
Result<std::vector<data::Example>> eval_rows(const eval::Suite& suite);
// The answers that the rows bring.
Result<eval::ArmResult> given_answers(const Material& material, const eval::SuiteArm& arm);

// A question of an arm; what it shows is chosen by `shots`.
struct Question {
  Json messages;  // the row's own
  Json tools = nullptr;
  std::string text;  // what examples are compared with
  std::int64_t number = 0;
  std::int64_t shots = 0;
};
Result<std::vector<Question>> questions_of(const Material& material, const eval::SuiteArm& arm,
                                           std::int64_t shots);
Json prompt_of(const Material& material, const eval::SuiteArm& arm, const Question& question);

// Models by place, loaded once each.
class ModelShelf {
 public:
  ModelShelf(const EvalOptions& options, Spending& spending)
      : options_(options), spending_(spending) {}
  Result<ChatModel*> get(const eval::SuiteArm& arm);

 private:
  struct Place {
    std::string model, endpoint;
    std::unique_ptr<ChatModel> chat;
  };
  const EvalOptions& options_;
  Spending& spending_;
  std::vector<Place> places_;
};

using AnswerProgress = std::function<void(std::size_t done, std::size_t all)>;

// An answer, and whether the model refused the prompt itself, as one that is too long.
struct Asked {
  eval::Answer answer;
  bool refused = false;
};
// Asks what the cache does not know, in rounds. An error: the cache cannot be written, or no prompt
// of the first round got an answer or was refused, unless it `answered_before`.
Result<std::vector<Asked>> ask_prompts(ChatModel& model, const std::vector<ChatPrompt>& prompts,
                                       const ChatSettings& settings, eval::AnswerCache& cache,
                                       const AnswerProgress& progress,
                                       bool answered_before = false);

// The same for an arm. A prompt that does not fit shows fewer examples.
Result<eval::ArmResult> ask_arm(ChatModel& model, const Material& material,
                                const eval::SuiteArm& arm, std::vector<Question>& questions,
                                eval::AnswerCache& cache, const AnswerProgress& progress);

// Has the models of the testing criteria judge the answers, and keeps what they say with them.
Result<void> judge_answers(ModelShelf& shelf, const Material& material,
                           const std::vector<eval::Item>& items, eval::AnswerCache& cache,
                           const AnswerProgress& progress, std::vector<eval::ArmResult>& arms);

// Has the suite's judge judge the answers, or with them those of the subject, by its rubric and by
// llm-rubric assertions, and the answers that people labelled. What it says stands with the answers
// and in the record. Nothing without a judge.
Result<std::optional<eval::JudgeRecord>> ask_judge(ModelShelf& shelf, const Material& material,
                                                   const std::vector<eval::Item>& items,
                                                   eval::AnswerCache& cache,
                                                   const AnswerProgress& progress,
                                                   std::vector<eval::ArmResult>& arms);
// The bar for the judge's figure of the subject; and where a judge without labels has judged
// assertions, nothing is decided.
void apply_judge(const eval::JudgeReport& report, const std::optional<double>& bar,
                 eval::Verdict& verdict);

// The rows of suite.general, asked of the base and of the subject as they are.
Result<std::shared_ptr<const eval::RunRecord>> ask_general(
    ModelShelf& shelf, const eval::Suite& suite, eval::AnswerCache& cache,
    const std::function<AnswerProgress(const std::string& arm)>& progress);

// The first suite.consistency.items asked again: samples, paraphrases, and behind other turns.
Result<std::vector<metrics::ConsistencyItem>> measure_consistency(
    ChatModel& model, const Material& material, const eval::SuiteArm& arm,
    const std::vector<Question>& questions, const eval::ArmResult& greedy,
    const std::vector<eval::Item>& items, eval::AnswerCache& cache, const AnswerProgress& progress);

// The first suite.timed_items once more, alone, the arms in turn, every second item in the reverse
// order (ABBA), so that what drifts meets all arms alike. `questions` and `answers` [arm][item].
void time_arms(const std::vector<ChatModel*>& models, const Material& material,
               const std::vector<std::vector<Question>>& questions,
               std::vector<eval::ArmResult>& answers);

// The same prompts with and without the adapter of each arm that has one, by the arm's name.
std::map<std::string, eval::AdapterTimes> time_adapters(
    const std::vector<ChatModel*>& models, const Material& material,
    const std::vector<std::vector<Question>>& questions);

// The verdict on a run, from its comparison and its suite as run.json has it. A suite with a tuned
// subject and something to hold it against gets a decision; any other, its bars.
eval::Verdict judge_run(const eval::Comparison& comparison, const Json& suite);

// "before" and "after" side by side: prints the table, and the exit code: 0 not worse, 1 worse, 3
// too few items to tell.
Result<int> print_comparison(const eval::JoinedRuns& joined, bool json);
Result<int> comparison_code(const eval::JoinedRuns& joined);  // the exit code alone

}  // namespace attune::cli
