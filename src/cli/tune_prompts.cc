#include "cli/tune_prompts.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/normalise.h"

namespace attune::cli {

namespace {

std::vector<std::int64_t> pick_shots(const std::vector<std::int64_t>& rows, std::int64_t count) {
  std::vector<std::int64_t> shots;
  const std::int64_t all = std::ssize(rows);
  for (std::int64_t i = 0; i < std::min(count, all); ++i) {
    shots.push_back(rows[static_cast<std::size_t>(i * all / std::min(count, all))]);
  }
  return shots;
}

}  // namespace

std::vector<ArmPlan> plan_arms(const data::Split& split, std::int64_t shots) {
  return {{"zero_shot", false, true, {}},
          {"few_shot", false, true, pick_shots(split.train, shots)},
          {"tuned", true, false, {}}};
}

Json question_messages(const data::Example& example) {
  Json messages = example.messages;
  // A prompt without an answer is asked whole.
  if (!messages.empty() && messages.back().value("role", "") == "assistant")
    messages.erase(messages.size() - 1);
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

Json instructed_messages(const Json& own, std::span<const data::Example* const> shots,
                         const std::string& instruction) {
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
  for (const data::Example* shown : shots) {
    messages.push_back({{"role", "user"}, {"content", last_user_text(*shown)}});
    messages.push_back({{"role", "assistant"}, {"content", data::final_answer(*shown)}});
  }
  for (const Json& turn : turns) messages.push_back(turn);
  return messages;
}

Json arm_messages(const ArmPlan& arm, const std::vector<data::Example>& examples,
                  const data::Example& example, const std::string& instruction) {
  if (!arm.instructed) return question_messages(example);
  std::vector<const data::Example*> shots;
  for (const std::int64_t shot : arm.shots)
    shots.push_back(&examples[static_cast<std::size_t>(shot)]);
  return instructed_messages(question_messages(example), shots, instruction);
}

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

void print_arm(const ArmPlan& plan, const eval::ArmResult& result, double seconds) {
  fmt::print("  {}: {} answers in {:.1f} s, prompts of about {} tokens{}\n", plan.name,
             result.answers.size(), seconds, result.answers.front().prompt_tokens,
             plan.shots.empty() ? "" : fmt::format(" with {} examples", plan.shots.size()));
}

}  // namespace attune::cli
