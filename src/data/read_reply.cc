// What a model replied to a prompt of seed_prompt.h, as a question and an answer.
#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/trim.h"
#include "data/clean_text.h"
#include "data/seed_prompt.h"

namespace attune::data {

namespace {

WrittenPair pair_of(std::string_view question, std::string_view answer) {
  return {std::string(trim(question)), std::string(trim(answer))};
}

// The question ends at its first closing tag, the answer at its last: an answer may speak of tags.
std::optional<WrittenPair> read_tags(std::string_view text) {
  constexpr std::string_view kQuestion = "<question>", kQuestionEnd = "</question>";
  constexpr std::string_view kAnswer = "<answer>", kAnswerEnd = "</answer>";
  const std::string lower = ascii_lower(text);
  const std::size_t question = lower.find(kQuestion);
  if (question == std::string::npos) return std::nullopt;
  const std::size_t answer = lower.find(kAnswer, question);
  if (answer == std::string::npos) return std::nullopt;
  const std::size_t question_begin = question + kQuestion.size();
  const std::size_t question_end = std::min(lower.find(kQuestionEnd, question_begin), answer);
  const std::size_t answer_begin = answer + kAnswer.size();
  std::size_t answer_end = lower.rfind(kAnswerEnd);
  // A second example in one reply is left out.
  if (const std::size_t next = lower.find(kQuestion, answer_begin); next != std::string::npos)
    answer_end = lower.rfind(kAnswerEnd, next);
  if (answer_end == std::string::npos || answer_end < answer_begin) return std::nullopt;
  return pair_of(text.substr(question_begin, question_end - question_begin),
                 text.substr(answer_begin, answer_end - answer_begin));
}

std::optional<std::string> words_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : to_text(*found);
}

std::optional<WrittenPair> read_object(std::string_view text) {
  constexpr std::array<std::pair<const char*, const char*>, 5> kNames = {{{"question", "answer"},
                                                                          {"prompt", "completion"},
                                                                          {"instruction", "output"},
                                                                          {"input", "output"},
                                                                          {"user", "assistant"}}};
  const Result<Json> json = parse_json(without_fence(text), "reply");
  if (!json || !json->is_object()) return std::nullopt;
  for (const auto& [question_key, answer_key] : kNames) {
    const std::optional<std::string> question = words_at(*json, question_key);
    const std::optional<std::string> answer = words_at(*json, answer_key);
    if (question && answer) return pair_of(*question, *answer);
  }
  return std::nullopt;
}

// Where a line begins with `label`, whatever marks of emphasis stand before it.
std::size_t find_label(std::string_view lower, std::string_view label, std::size_t from) {
  for (std::size_t at = lower.find(label, from); at != std::string_view::npos;
       at = lower.find(label, at + 1)) {
    std::size_t begin = at;
    while (begin > 0 &&
           (lower[begin - 1] == '*' || lower[begin - 1] == '#' || lower[begin - 1] == ' '))
      --begin;
    if (begin == 0 || lower[begin - 1] == '\n') return at;
  }
  return std::string_view::npos;
}

std::optional<WrittenPair> read_labels(std::string_view text) {
  constexpr std::string_view kQuestion = "question:", kAnswer = "answer:";
  const std::string lower = ascii_lower(text);
  const std::size_t question = find_label(lower, kQuestion, 0);
  if (question == std::string::npos) return std::nullopt;
  const std::size_t answer = find_label(lower, kAnswer, question);
  if (answer == std::string::npos) return std::nullopt;
  const auto without_marks = [](std::string_view part) {
    while (part.starts_with('*')) part.remove_prefix(1);
    part = trim(part);
    while (part.ends_with('*') || part.ends_with('#')) part.remove_suffix(1);
    return part;
  };
  const std::size_t question_begin = question + kQuestion.size();
  std::string_view said = text.substr(answer + kAnswer.size());
  while (said.starts_with('*')) said.remove_prefix(1);
  return pair_of(without_marks(text.substr(question_begin, answer - question_begin)), said);
}

}  // namespace

std::string_view without_fence(std::string_view text) {
  constexpr std::string_view kFence = "```";
  text = trim(text);
  if (!text.starts_with(kFence) || !text.ends_with(kFence) || text.size() < 2 * kFence.size())
    return text;
  const std::size_t line_end = text.find('\n');
  if (line_end == std::string_view::npos) return text;
  const std::string_view inside =
      text.substr(line_end + 1, text.size() - line_end - 1 - kFence.size());
  // A second fence inside: there are two blocks with words between them.
  return inside.find(kFence) == std::string_view::npos ? trim(inside) : text;
}

std::optional<WrittenPair> read_reply(std::string_view reply) {
  constexpr std::string_view kThought = "</think>";
  if (const std::size_t end = reply.rfind(kThought); end != std::string_view::npos)
    reply.remove_prefix(end + kThought.size());
  for (const auto read : {read_tags, read_object, read_labels}) {
    if (std::optional<WrittenPair> pair = read(reply)) return pair;
  }
  return std::nullopt;
}

}  // namespace attune::data
