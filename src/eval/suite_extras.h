// Parts of a suite that most leave out: what a run may cost, what an answer costs, and the
// checkpoints of a training as arms.
//
//   budget: {seconds: 600, tokens: 200000, dollars: 1.50}
//   arms:
//     - {name: mini, model: gpt-4.1-mini, price: {input: 0.40, output: 1.60}}   # $ for 1M tokens
//     - {name: tuned, model: out/x/adapter, price: {per_hour: 0.9}, checkpoints: all}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::eval {

// What one command may spend on asking; what is in the answer cache costs nothing.
struct Budget {
  std::optional<double> seconds = {}, tokens = {}, dollars = {};
  explicit operator bool() const { return seconds || tokens || dollars; }
};
Result<Budget> read_budget(const Json& document, const std::string& where);
Json to_json(const Budget& budget);

// Of an arm: tokens, or the hour of the machine that answers.
struct ArmPrice {
  std::optional<double> input = {}, output = {};  // $ for 1M tokens
  std::optional<double> per_hour = {};            // $
  explicit operator bool() const { return input || output || per_hour; }
  double of(std::int64_t prompt_tokens, std::int64_t completion_tokens, double seconds) const;
};
Result<ArmPrice> read_price(const Json& document, const std::string& where);
Json to_json(const ArmPrice& price);

// "all", or the steps wanted.
struct CheckpointChoice {
  bool all = false;
  std::vector<std::int64_t> steps = {};
  explicit operator bool() const { return all || !steps.empty(); }
};
Result<CheckpointChoice> read_checkpoints(const Json& document, const std::string& where);

}  // namespace attune::eval
