// More training examples like the ones there are, written by a model. Each reply becomes a row or
// is left out for a reason that is counted:
//
//   no_answer    the endpoint refused this prompt, or answered without text
//   cut          the reply reached its length limit
//   unreadable   no question and answer in it, or one of them is empty
//   contract     the answer breaks the contract
//   copy         the question is that of a seed or an earlier row
//   near_copy    it is nearly so: Jaccard similarity of character 5-grams at or above `near`
//   unusable     the row is not trainable (normalise.h)
//
//   ATTUNE_TRY(Synthesis work, Synthesis::open(seeds, options, settings, "out"));
//   ATTUNE_TRY(const SynthesisCounts counts, work.run(ask));
//
// replies.jsonl has every reply with its verdict, and a second run goes on behind it (reply_log.h);
// generated.jsonl the new rows as strict chat rows; with_seeds.jsonl the seeds, then the new rows;
// synthetic.json which rows a model wrote (synthetic_marks.h).
//
// The endpoint is behind a function, so that a remote one, a local model and a test are the same.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/example_texts.h"
#include "data/near_index.h"
#include "data/prepare.h"
#include "data/reply_log.h"
#include "data/seed_prompt.h"

namespace attune::data {

struct ModelReply {
  std::string text;
  bool cut = false;  // by the limit of its length
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::optional<Error> failure = {};  // no reply came
  bool prompt_refused = false;        // the failure is about this prompt, not about the endpoint
};

// A reply for each prompt, in their order.
using ModelAsker = std::function<std::vector<ModelReply>(std::span<const SeedPrompt>)>;

struct SynthesisCounts {
  std::int64_t requests = 0;  // with a verdict, of earlier runs too
  std::int64_t kept = 0;
  std::map<std::string, std::int64_t> left_out;  // by reason
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  bool resumed = false;
};

struct SynthesisOptions {
  std::int64_t count = 0;          // rows wanted
  std::int64_t most_requests = 0;  // of all runs together; 0: no bound
  std::int64_t at_once = 1;        // prompts handed to the asker together
  double near = 0.8;               // in [0.5, 1]
  // The work ends with an error when less than this share of the last 40 replies was usable, or
  // none of the first 10.
  double least_usable = 0.25;
  SeedPromptOptions prompts = {};
  NormaliseOptions normalise = {};
  ContractCheck contract = {};  // may be empty
  std::function<void(const SynthesisCounts&)> progress = {};
};

// One thread at a time.
class Synthesis {
 public:
  // `seeds` must outlive this. `settings`: what must be the same for a run to be gone on with,
  // besides the seeds and the options above. Refused: no seed that can be shown, a folder of other
  // settings.
  static Result<Synthesis> open(std::span<const Example> seeds, SynthesisOptions options,
                                Json settings, const Path& folder);

  std::int64_t shown_seeds() const { return prompts_.shown(); }
  const SynthesisCounts& counts() const { return counts_; }

  // Asks until there are enough rows or `most_requests` is reached, and writes the results. An
  // error of the endpoint, and too few usable replies, end it; the results are written before.
  Result<SynthesisCounts> run(const ModelAsker& ask);

 private:
  Synthesis(std::span<const Example> seeds, SynthesisOptions options, ReplyLog log, Path folder);

  void take_earlier();
  Result<void> round(const ModelAsker& ask);
  std::vector<SeedPrompt> next_prompts();
  LoggedReply judge(const SeedPrompt& prompt, const ModelReply& reply);
  void judge_pair(const SeedPrompt& prompt, WrittenPair pair, LoggedReply& verdict);
  std::string question_key(const Example& example) const;
  void count(const LoggedReply& verdict);
  Result<void> check_usable() const;
  Result<void> write_results() const;

  std::span<const Example> seeds_;
  SynthesisOptions options_;
  SeedPrompts prompts_;
  ReplyLog log_;
  Path folder_;
  SharedText shared_;
  NearIndex known_;
  std::vector<std::string> names_;  // of what is in known_: "tickets.csv:12", "request 3"
  bool fenced_seeds_ = false;       // answers of the seeds stand in code fences
  bool compact_seeds_ = false;      // they are compact JSON
  std::int64_t next_number_ = 0;    // every prompt before it has a verdict
  std::set<std::int64_t> asked_;    // so have these behind it
  std::vector<bool> usable_;        // of each reply of this run
  std::vector<Example> rows_;
  SynthesisCounts counts_;
};

}  // namespace attune::data
