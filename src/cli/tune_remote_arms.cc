// The answers of the arms through chat completions.
#include <atomic>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/tune_prompts.h"
#include "cli/tune_remote.h"
#include "grammar/instruction.h"

namespace attune::cli {

namespace {

constexpr std::size_t kSideBySide = 4;  // requests under way at once

struct Asking {
  const client::Endpoint& endpoint;
  const PreparedRows& rows;
  const TuneOptions& options;
  std::string base, tuned, instruction;

  client::ChatRequest request(const ArmPlan& arm, std::size_t item) const {
    const data::Example& example =
        rows.prepared.examples[static_cast<std::size_t>(rows.split.test[item])];
    return {.model = arm.tuned ? tuned : base,
            .messages = arm_messages(arm, rows.prepared.examples, example, instruction),
            .tools = example.tools,
            .most_tokens = options.max_answer_tokens,
            .temperature = 0,
            .seed = {}};
  }
};

client::Reply<eval::Answer> ask(client::ApiClient& api, const client::ChatRequest& request) {
  return api.chat(request).map([](client::ChatAnswer answer) {
    return eval::Answer{.text = std::move(answer.text),
                        .prompt_tokens = answer.prompt_tokens,
                        .completion_tokens = answer.completion_tokens};
  });
}

Error arm_error(const Asking& asking, const ArmPlan& arm, std::size_t item,
                const client::CallFailure& failure) {
  Error error = failure.error();
  error.where = fmt::format("arm {}, item {}: {}", arm.name, item + 1, error.where);
  const bool not_served = arm.tuned && (failure.status == 400 || failure.status == 404);
  if (not_served && !asking.endpoint.rules->serving_note.empty()) {
    error.fix = fmt::format("{}; then run again with --resume and --answer-tuned NAME",
                            asking.endpoint.rules->serving_note);
  }
  return error;
}

struct ArmAnswers {
  std::vector<eval::Answer> answers;
  std::optional<client::CallFailure> failure;  // the first
  std::size_t failed_item = 0;
};

ArmAnswers ask_all(const Asking& asking, const ArmPlan& arm) {
  const std::size_t count = asking.rows.split.test.size();
  ArmAnswers result;
  result.answers.resize(count);
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  std::mutex mutex;
  const auto work = [&] {
    const auto api = client::make_client(asking.endpoint, RemoteOptions::http());
    for (std::size_t item = next++; item < count && !failed; item = next++) {
      auto answer = ask(*api, asking.request(arm, item));
      if (answer) {
        result.answers[item] = *std::move(answer);
        continue;
      }
      failed = true;
      const std::lock_guard lock(mutex);
      if (result.failure) continue;
      result.failure = answer.error();
      result.failed_item = item;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(kSideBySide, count); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return result;
}

// Examples are taken away until the prompts fit the model's context.
Result<eval::ArmResult> ask_arm(const Asking& asking, ArmPlan& arm) {
  while (true) {
    ArmAnswers asked = ask_all(asking, arm);
    if (!asked.failure) return eval::ArmResult{arm.name, std::move(asked.answers)};
    if (asked.failure->code != "context_length_exceeded" || arm.shots.empty())
      return Failure(arm_error(asking, arm, asked.failed_item, *asked.failure));
    arm.shots.pop_back();
  }
}

Result<void> time_answers(const Asking& asking, const std::vector<ArmPlan>& plans,
                          std::vector<eval::ArmResult>& results) {
  const auto api = client::make_client(asking.endpoint, RemoteOptions::http());
  const auto timed =
      std::min(asking.rows.split.test.size(), static_cast<std::size_t>(asking.options.timed_items));
  for (std::size_t item = 0; item < timed; ++item) {
    for (std::size_t arm = 0; arm < plans.size(); ++arm) {
      const Stopwatch watch;
      const auto answer = ask(*api, asking.request(plans[arm], item));
      if (!answer) return Failure(arm_error(asking, plans[arm], item, answer.error()));
      results[arm].answers[item].latency_ms = 1000 * watch.seconds();
    }
  }
  return {};
}

}  // namespace

Result<std::vector<eval::ArmResult>> ask_arms(const client::Endpoint& endpoint,
                                              const std::string& base, const std::string& tuned,
                                              const PreparedRows& rows,
                                              const std::optional<grammar::Contract>& contract,
                                              const TuneOptions& options) {
  const Asking asking{endpoint, rows,  options,
                      base,     tuned, contract ? grammar::instruction(*contract) : std::string()};
  std::vector<ArmPlan> plans = plan_arms(rows.split, options.shots);
  std::vector<eval::ArmResult> results;
  for (ArmPlan& plan : plans) {
    const Stopwatch watch;
    ATTUNE_TRY(eval::ArmResult result, ask_arm(asking, plan));
    if (!options.json) print_arm(plan, result, watch.seconds());
    results.push_back(std::move(result));
  }
  ATTUNE_TRY_VOID(time_answers(asking, plans, results));
  return results;
}

}  // namespace attune::cli
