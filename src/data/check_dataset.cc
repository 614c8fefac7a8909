#include "data/check_dataset.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/ascii.h"
#include "data/clean_text.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

// Beyond so many different texts they are no classes, and are no longer counted one by one.
constexpr std::size_t kMostClasses = 200000;

std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

std::uint32_t length_of(std::string_view text) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), 1u << 30));
}

std::string_view without_space(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Openings by which assistants decline; compared with the lower-case beginning of an answer.
bool is_refusal(std::string_view answer) {
  constexpr std::array<std::string_view, 14> kOpenings = {
      "i'm sorry, but",   "i\xE2\x80\x99m sorry, but",
      "i am sorry, but",  "sorry, but i can",
      "sorry, i can",     "i cannot ",
      "i can't ",         "i can\xE2\x80\x99t ",
      "i am unable to",   "i'm unable to",
      "as an ai",         "i'm not able to",
      "i am not able to", "i apologize, but"};
  const std::string start = ascii_lower(answer.substr(0, 40));
  return std::any_of(kOpenings.begin(), kOpenings.end(),
                     [&](std::string_view opening) { return start.starts_with(opening); });
}

bool looks_like_json(std::string_view text) {
  const bool brackets = (text.starts_with('{') && text.ends_with('}')) ||
                        (text.starts_with('[') && text.ends_with(']'));
  if (!brackets) return false;
  JsonTree tree;
  return !tree.parse(text);
}

bool holds_json_object(std::string_view text) {
  const std::size_t open = text.find("{\"");
  return open != std::string_view::npos && text.find("\":", open) != std::string_view::npos &&
         text.find('}', open) != std::string_view::npos;
}

}  // namespace

void DatasetCheck::CommonPart::keep_beginning(std::string_view other) {
  if (!std::exchange(any, true)) {
    text = other.substr(0, 2000);
    return;
  }
  const auto [end, ignored] = std::mismatch(text.begin(), text.end(), other.begin(), other.end());
  std::size_t length = static_cast<std::size_t>(end - text.begin());
  // Not in the middle of a character.
  while (length > 0 && length < text.size() && is_utf8_continuation(text[length])) --length;
  text.resize(length);
}

void DatasetCheck::CommonPart::keep_end(std::string_view other) {
  if (!std::exchange(any, true)) {
    text = other.substr(other.size() - std::min<std::size_t>(other.size(), 200));
    return;
  }
  const auto [end, ignored] =
      std::mismatch(text.rbegin(), text.rend(), other.rbegin(), other.rend());
  std::size_t start = static_cast<std::size_t>(text.rend() - end);
  while (start < text.size() && is_utf8_continuation(text[start])) ++start;
  text.erase(0, start);
}

DatasetCheck::AnswerShape DatasetCheck::shape_of(std::string_view answer) {
  const std::string_view text = without_space(answer);
  if (looks_like_json(text)) return AnswerShape::json;
  if (text.starts_with("```") && text.ends_with("```") && holds_json_object(text))
    return AnswerShape::fenced_json;
  // A code block of a longer answer is not meant as the answer's format.
  return holds_json_object(text.substr(0, 4000)) ? AnswerShape::prose_and_json : AnswerShape::prose;
}

void DatasetCheck::add(const CheckedRow& row, const ConversationView& view, bool legacy) {
  ++rows_;
  add_system(row, view);
  other_length_ += static_cast<std::int64_t>(view.question.size() + view.answer.size());
  if (is_blank(view.question)) ++empty_questions_;
  if (view.has_question) question_lengths_.push_back(length_of(view.question));
  if (questions_.size() < kMostClasses) ++questions_[hash_of(view.question)];
  question_beginning_.keep_beginning(view.question);
  if (legacy) {
    ++legacy_;
    question_end_.keep_end(view.question);
    answer_end_.keep_end(view.answer);
  }
  add_letters(view.question, view.answer);
  if (view.answer_at.is_string() && !view.has_tool_calls && !is_blank(view.answer))
    add_answer(row, view);
}

void DatasetCheck::add_system(const CheckedRow& row, const ConversationView& view) {
  if (view.has_system) {
    ++with_system_;
    system_length_ += static_cast<std::int64_t>(view.system.size());
    if (systems_.size() < kMostClasses) ++systems_[hash_of(view.system)];
  } else if (first_without_system_.line == 0) {
    first_without_system_ = {.line = row.line, .row = row.id};
  }
}

void DatasetCheck::add_answer(const CheckedRow& row, const ConversationView& view) {
  ++answered_;
  const std::string_view answer = view.answer;
  answer_beginning_.keep_beginning(answer);
  ShapeCount& shape = shapes_[shape_of(answer)];
  if (shape.count++ == 0) shape.first = {.line = row.line, .row = row.id};
  if (is_refusal(answer) && refusals_++ == 0) first_refusal_ = {.line = row.line, .row = row.id};
  if (answers_.size() >= kMostClasses) {
    too_many_answers_ = true;
  } else {
    const std::string_view key = without_space(answer);
    AnswerClass& same = answers_[hash_of(key)];
    if (same.count++ == 0) {
      same.first = {.line = row.line, .row = row.id};
      if (key.size() <= 60) same.sample = key;
    }
  }
  answer_lengths_.push_back(length_of(answer));
  constexpr std::size_t kShort = 12;
  constexpr std::size_t kMostShortAnswers = 10000;
  if (answer.size() > kShort || answer.find(' ') != std::string_view::npos ||
      short_answers_.size() >= kMostShortAnswers)
    return;
  std::vector<Finding> place;
  RowReporter(place, row).note("D020", view.answer_at, {});
  short_answers_.push_back({.length = static_cast<std::int64_t>(answer.size()),
                            .text = std::string(answer),
                            .place = {.line = place[0].line, .column = place[0].column},
                            .row = row.id,
                            .path = place[0].path});
}

std::vector<Distribution> DatasetCheck::distributions() const {
  return {distribution_of("last question", "bytes", question_lengths_),
          distribution_of("last answer", "bytes", answer_lengths_)};
}

void DatasetCheck::add_letters(std::string_view question, std::string_view answer) {
  const auto count = [](std::string_view text, std::int64_t& upper, std::int64_t& lower) {
    // Sums of bytes, which compilers add a vector at a time.
    constexpr std::size_t kBlock = 240;
    for (std::size_t at = 0; at < text.size(); at += kBlock) {
      std::uint8_t up = 0;
      std::uint8_t low = 0;
      for (const char c : text.substr(at, kBlock)) {
        const auto byte = static_cast<std::uint8_t>(c);
        up = static_cast<std::uint8_t>(up + (static_cast<std::uint8_t>(byte - 'A') < 26 ? 1 : 0));
        low = static_cast<std::uint8_t>(low + (static_cast<std::uint8_t>(byte - 'a') < 26 ? 1 : 0));
      }
      upper += up;
      lower += low;
    }
  };
  count(question, upper_[0], lower_[0]);
  count(answer, upper_[1], lower_[1]);
}

}  // namespace attune::data
