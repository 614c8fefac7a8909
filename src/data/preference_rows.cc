#include "data/preference_rows.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace attune::data {

namespace {

// The names of one speaker in the formats, so that a conversation in one is seen in another.
std::string_view speaker(std::string_view role) {
  if (role == "human") return "user";
  if (role == "gpt" || role == "bot" || role == "model") return "assistant";
  return role;
}

bool same_turn(const Json& a, const Json& b) {
  if (!a.is_object() || !b.is_object()) return a == b;
  const auto role = [](const Json& message) { return message.value("role", Json()); };
  const Json a_role = role(a), b_role = role(b);
  if (!a_role.is_string() || !b_role.is_string()) return a == b;
  return speaker(a_role.get_ref<const std::string&>()) ==
             speaker(b_role.get_ref<const std::string&>()) &&
         a.value("content", Json()) == b.value("content", Json()) &&
         a.value("tool_calls", Json()) == b.value("tool_calls", Json());
}

// How many messages both answers begin with; the last of the shorter one is never shared.
std::size_t shared_turns(const Json& a, const Json& b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t shared = 0;
  while (shared + 1 < most && same_turn(a[shared], b[shared])) ++shared;
  return shared;
}

Json without_first(const Json& messages, std::size_t count) {
  Json rest = Json::array();
  for (std::size_t i = count; i < messages.size(); ++i) rest.push_back(messages[i]);
  return rest;
}

// Whether messages[from, from + part.size()) are the turns of `part`.
bool holds_at(const Json& messages, std::size_t from, const Json& part) {
  if (from + part.size() > messages.size()) return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (!same_turn(messages[from + i], part[i])) return false;
  }
  return true;
}

bool begins_or_ends_with(const Json& messages, const Json& part) {
  return part.size() <= messages.size() &&
         (holds_at(messages, 0, part) || holds_at(messages, messages.size() - part.size(), part));
}

std::size_t system_turns(const Json& messages) {
  std::size_t count = 0;
  while (count < messages.size() && messages[count].is_object() &&
         messages[count].value("role", Json()) == "system")
    ++count;
  return count;
}

void divide_conversations(Example& example) {
  const std::size_t shared = shared_turns(example.preferred, example.non_preferred);
  if (shared == 0) return;
  Json beginning = Json::array();
  for (std::size_t i = 0; i < shared; ++i) beginning.push_back(example.preferred[i]);
  example.preferred = without_first(example.preferred, shared);
  example.non_preferred = without_first(example.non_preferred, shared);
  // The prompt's own column may hold all of the beginning, or only its first or last question.
  Json& prompt = example.messages;
  if (begins_or_ends_with(prompt, beginning)) return;
  const Json questions = without_first(prompt, system_turns(prompt));
  if (!questions.empty() && begins_or_ends_with(beginning, questions)) {
    while (prompt.size() > system_turns(prompt)) prompt.erase(prompt.size() - 1);
  }
  if (system_turns(prompt) > 0) beginning = without_first(beginning, system_turns(beginning));
  for (Json& message : beginning) prompt.push_back(std::move(message));
}

// The length of what both texts begin with, up to the last space before they differ.
std::size_t shared_words(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t shared = 0;
  while (shared < most && a[shared] == b[shared]) ++shared;
  const std::size_t space = a.substr(0, shared).find_last_of(" \n");
  return space == std::string_view::npos ? 0 : space;
}

void divide_texts(Example& example) {
  Json& preferred = example.preferred[0]["content"];
  Json& other = example.non_preferred[0]["content"];
  const std::string a = preferred.get<std::string>(), b = other.get<std::string>();
  const std::size_t shared = shared_words(a, b);
  if (shared == 0) return;
  example.messages.push_back({{"role", "user"}, {"content", a.substr(0, shared)}});
  preferred = a.substr(shared);
  other = b.substr(shared);
}

}  // namespace

void divide_prompt_from_answers(Example& example) {
  if (!example.messages.is_array() || !example.preferred.is_array() ||
      !example.non_preferred.is_array())
    return;
  const bool no_question =
      std::none_of(example.messages.begin(), example.messages.end(), [](const Json& message) {
        return message.is_object() && message.value("role", Json()) != "system";
      });
  if (example.plain_text && no_question && example.preferred.size() == 1 &&
      example.non_preferred.size() == 1)
    return divide_texts(example);
  divide_conversations(example);
}

}  // namespace attune::data
