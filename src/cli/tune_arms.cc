// The answers of the arms by a model in this process. tune_prompts.h has the prompts.
#include <fmt/format.h>

#include "base/clock.h"
#include "cli/tune.h"
#include "cli/tune_prompts.h"
#include "grammar/instruction.h"
#include "infer/generator.h"

namespace attune::cli {

namespace {

Result<std::vector<infer::Request>> arm_requests(const ArmPlan& arm, const text::ChatFormat& format,
                                                 const std::vector<data::Example>& examples,
                                                 const data::Split& split,
                                                 const std::string& instruction,
                                                 const TuneOptions& options) {
  std::vector<infer::Request> requests;
  for (const std::int64_t row : split.test) {
    const data::Example& example = examples[static_cast<std::size_t>(row)];
    infer::Request request;
    ATTUNE_TRY(
        request.prompt,
        format.encode_prompt(arm_messages(arm, examples, example, instruction), example.tools));
    request.max_new_tokens = options.max_answer_tokens;
    request.use_adapter = arm.tuned;
    requests.push_back(std::move(request));
  }
  return requests;
}

// The longest test prompt must leave room for the answer: examples are taken away until it does.
Result<std::vector<infer::Request>> fitting_requests(ArmPlan& arm, const text::ChatFormat& format,
                                                     const std::vector<data::Example>& examples,
                                                     const data::Split& split,
                                                     const std::string& instruction,
                                                     const TuneOptions& options,
                                                     std::int64_t context) {
  while (true) {
    ATTUNE_TRY(std::vector<infer::Request> requests,
               arm_requests(arm, format, examples, split, instruction, options));
    std::int64_t longest = 0;
    for (const infer::Request& request : requests) {
      longest = std::max(longest, static_cast<std::int64_t>(request.prompt.size()));
    }
    if (longest + options.max_answer_tokens <= context || arm.shots.empty()) return requests;
    arm.shots.pop_back();
  }
}

Result<eval::ArmResult> answer_all(infer::Generator& generator, const ArmPlan& plan,
                                   const std::vector<infer::Request>& requests) {
  ATTUNE_TRY(const std::vector<infer::Completion> completions, generator.run(requests));
  eval::ArmResult result{.name = plan.name, .answers = {}};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    result.answers.push_back({.text = completions[i].text,
                              .prompt_tokens = std::ssize(requests[i].prompt),
                              .completion_tokens = std::ssize(completions[i].ids)});
  }
  return result;
}

}  // namespace

Result<std::vector<eval::ArmResult>> answer_arms(
    const kernels::Context& context, const model::Model& model, const text::ChatFormat& format,
    const std::vector<data::Example>& examples, const data::Split& split,
    const std::optional<grammar::Contract>& contract, const TuneOptions& options) {
  const std::string instruction = contract ? grammar::instruction(*contract) : std::string();
  std::vector<ArmPlan> plans = plan_arms(split, options.shots);
  infer::Generator generator(context, model, format.tokenizer(), format.stop_ids(), {});
  std::vector<std::vector<infer::Request>> requests;  // [arm][item]
  std::vector<eval::ArmResult> results;
  for (ArmPlan& plan : plans) {
    const Stopwatch watch;
    ATTUNE_TRY(std::vector<infer::Request> prompts,
               fitting_requests(plan, format, examples, split, instruction, options,
                                model.spec().max_positions));
    ATTUNE_TRY(eval::ArmResult result, answer_all(generator, plan, prompts));
    if (!options.json) print_arm(plan, result, watch.seconds());
    requests.push_back(std::move(prompts));
    results.push_back(std::move(result));
  }
  const auto timed =
      std::min(requests.front().size(), static_cast<std::size_t>(options.timed_items));
  for (std::size_t item = 0; item < timed; ++item) {
    for (std::size_t arm = 0; arm < plans.size(); ++arm) {
      const Stopwatch watch;
      ATTUNE_TRY_VOID(generator.run({&requests[arm][item], 1}).map([](const auto&) {}));
      results[arm].answers[item].latency_ms = 1000 * watch.seconds();
    }
  }
  return results;
}

}  // namespace attune::cli
