// The arms of `attune tune`: which prompt each way of answering gets, and the answers.
//
// zero_shot: the base, told the contract in words. few_shot: the same with answered examples before
// the question, drawn from the training rows. tuned: the adapter, with the row's own messages and
// nothing else.
#include <fmt/format.h>

#include "base/clock.h"
#include "cli/tune.h"
#include "data/normalise.h"
#include "grammar/instruction.h"
#include "infer/generator.h"

namespace attune::cli {

namespace {

struct ArmPlan {
  std::string name;
  bool use_adapter;
  bool instructed;
  std::vector<std::int64_t> shots;  // training rows shown first
};

// The row's messages before its last answer.
Json question(const data::Example& example) {
  Json messages = example.messages;
  if (!messages.empty()) messages.erase(messages.size() - 1);
  return messages;
}

std::string last_user_text(const data::Example& example) {
  std::string text;
  for (const Json& message : example.messages) {
    if (message.value("role", "") == "user" && message["content"].is_string())
      text = message["content"];
  }
  return text;
}

// Examples spread evenly over the training rows.
std::vector<std::int64_t> pick_shots(const std::vector<std::int64_t>& rows, std::int64_t count) {
  std::vector<std::int64_t> shots;
  const std::int64_t all = std::ssize(rows);
  for (std::int64_t i = 0; i < std::min(count, all); ++i) {
    shots.push_back(rows[static_cast<std::size_t>(i * all / std::min(count, all))]);
  }
  return shots;
}

Json arm_messages(const ArmPlan& arm, const std::vector<data::Example>& examples,
                  const data::Example& example, const std::string& instruction) {
  const Json own = question(example);
  if (!arm.instructed) return own;
  Json messages = Json::array();
  std::string system = instruction;
  Json turns = Json::array();
  for (const Json& message : own) {
    if (message.value("role", "") == "system" && message["content"].is_string()) {
      system =
          message["content"].get<std::string>() + (instruction.empty() ? "" : "\n" + instruction);
    } else {
      turns.push_back(message);
    }
  }
  if (!system.empty()) messages.push_back({{"role", "system"}, {"content", system}});
  for (const std::int64_t shot : arm.shots) {
    const data::Example& shown = examples[static_cast<std::size_t>(shot)];
    messages.push_back({{"role", "user"}, {"content", last_user_text(shown)}});
    messages.push_back({{"role", "assistant"}, {"content", data::final_answer(shown)}});
  }
  for (const Json& turn : turns) messages.push_back(turn);
  return messages;
}

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
    request.use_adapter = arm.use_adapter;
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

void print_arm(const ArmPlan& plan, const eval::ArmResult& result, double seconds) {
  fmt::print("  {}: {} answers in {:.1f} s, prompts of about {} tokens{}\n", plan.name,
             result.answers.size(), seconds, result.answers.front().prompt_tokens,
             plan.shots.empty() ? "" : fmt::format(" with {} examples", plan.shots.size()));
}

}  // namespace

std::vector<eval::Item> test_items(const std::vector<data::Example>& examples,
                                   const data::Split& split) {
  std::vector<eval::Item> items;
  for (const std::int64_t row : split.test) {
    const data::Example& example = examples[static_cast<std::size_t>(row)];
    items.push_back({.id = example.id,
                     .input = last_user_text(example),
                     .reference = data::final_answer(example)});
  }
  return items;
}

Result<std::vector<eval::ArmResult>> answer_arms(
    const kernels::Context& context, const model::Model& model, const text::ChatFormat& format,
    const std::vector<data::Example>& examples, const data::Split& split,
    const std::optional<grammar::Contract>& contract, const TuneOptions& options) {
  const std::string instruction = contract ? grammar::instruction(*contract) : std::string();
  std::vector<ArmPlan> plans = {{"zero_shot", false, true, {}},
                                {"few_shot", false, true, pick_shots(split.train, options.shots)},
                                {"tuned", true, false, {}}};
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
