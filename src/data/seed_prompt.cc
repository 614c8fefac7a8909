#include "data/seed_prompt.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "base/random.h"
#include "data/clean_text.h"

namespace attune::data {

namespace {

const Json* text_content(const Example& example, std::size_t message) {
  const Json& content = example.messages[message]["content"];
  return content.is_string() ? &content : nullptr;
}

bool gives_instructions(const Json& message) {
  const auto role = message.find("role");
  return role != message.end() && (*role == "system" || *role == "developer");
}

std::string system_of(const Example& example) {
  return gives_instructions(example.messages[0]) ? text_content(example, 0)->get<std::string>()
                                                 : std::string();
}

std::string shot_text(const Example& example) {
  const std::size_t question = example.messages.size() - 2;
  return fmt::format(
      "<example>\n<question>\n{}\n</question>\n<answer>\n{}\n</answer>\n</example>\n",
      text_content(example, question)->get_ref<const std::string&>(),
      text_content(example, question + 1)->get_ref<const std::string&>());
}

}  // namespace

bool can_be_shown(const Example& example) {
  if (example.kind != RowKind::supervised || !example.messages.is_array()) return false;
  if (example.tools.is_array() && !example.tools.empty()) return false;
  const std::size_t count = example.messages.size();
  if (count < 2 || count > 3) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const Json& message = example.messages[i];
    if (!message.is_object() || !message.contains("content") ||
        text_content(example, i) == nullptr || message.contains("tool_calls") ||
        message.contains("weight"))
      return false;
  }
  return (count == 2 || gives_instructions(example.messages[0])) &&
         example.messages[count - 2]["role"] == "user" &&
         example.messages[count - 1]["role"] == "assistant";
}

SeedPrompts::SeedPrompts(std::span<const Example> seeds, SeedPromptOptions options)
    : seeds_(seeds), options_(std::move(options)) {
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    if (can_be_shown(seeds[i]) && !options_.synthetic.holds(seeds[i]))
      pool_.push_back(static_cast<std::int64_t>(i));
  }
}

SeedPrompt SeedPrompts::make(std::int64_t number) const {
  const RandomStream stream{.seed = options_.seed,
                            .stream = stream_id("data/seed_prompt"),
                            .step = static_cast<std::uint32_t>(number)};
  std::vector<std::int64_t> order(pool_.size());
  std::iota(order.begin(), order.end(), 0);
  shuffle_indices(order, stream);
  const auto seed_at = [&](std::int64_t place) -> const Example& {
    return seeds_[static_cast<std::size_t>(pool_[static_cast<std::size_t>(place)])];
  };
  SeedPrompt prompt{.number = number, .system = system_of(seed_at(order.front()))};
  for (const std::int64_t place : order) {
    if (std::ssize(prompt.shots) >= options_.shots) break;
    if (system_of(seed_at(place)) == prompt.system)
      prompt.shots.push_back(pool_[static_cast<std::size_t>(place)]);
  }
  prompt.messages = Json::array({{{"role", "user"}, {"content", words(prompt)}}});
  return prompt;
}

std::string SeedPrompts::words(const SeedPrompt& prompt) const {
  std::string text =
      "Here are examples of a task: a question, which is what a user writes, and the answer that "
      "it should get.\n\n";
  if (!prompt.system.empty()) text += fmt::format("The task:\n{}\n\n", prompt.system);
  for (const std::int64_t shot : prompt.shots)
    text += shot_text(seeds_[static_cast<std::size_t>(shot)]) + "\n";
  text +=
      "Write one new example of the same kind. Its question is about another case than those "
      "above, with other words, names and numbers, as another user would write it. Its answer is "
      "right for it, and has the same form as the answers above.\n";
  if (!options_.contract.empty())
    text += fmt::format("\nThe rules for the answer:\n{}\n", options_.contract);
  if (!options_.instruction.empty()) text += fmt::format("\n{}\n", options_.instruction);
  return text +
         "\nReply with nothing but the new example:\n<question>\n...\n</question>\n<answer>\n"
         "...\n</answer>";
}

}  // namespace attune::data
