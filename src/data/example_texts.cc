#include "data/example_texts.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <xxhash.h>

#include "data/clean_text.h"

namespace attune::data {

namespace {

std::uint64_t text_hash(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

std::string role_of(const Json& message) {
  const auto role = message.find("role");
  return role != message.end() && role->is_string() ? role->get<std::string>() : std::string();
}

bool is_instruction(const Json& message) {
  const std::string role = role_of(message);
  return role == "system" || role == "developer";
}

// Content as text; parts and tool calls as JSON.
std::string text_of(const Json& message) {
  std::string text;
  const auto content = message.find("content");
  if (content != message.end() && !content->is_null())
    text = content->is_string() ? content->get<std::string>() : to_text(*content);
  const auto calls = message.find("tool_calls");
  if (calls != message.end()) text += (text.empty() ? "" : "\n") + to_text(*calls);
  return text;
}

// The messages before the last answer.
std::span<const Json> prompt_of(const Example& example) {
  const auto* messages = example.messages.get_ptr<const Json::array_t*>();
  if (messages == nullptr || messages->empty()) return {};
  const bool answered = role_of(messages->back()) == "assistant";
  return {messages->data(), messages->size() - (answered ? 1 : 0)};
}

template <typename Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    visit(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

bool counts(const SharedText& shared, const Json& message) {
  return shared.instructions_count || !is_instruction(message);
}

// Whether more than half of the rows have a system message that is theirs alone or nearly so.
bool instructions_differ(std::span<const Example> examples) {
  std::unordered_set<std::uint64_t> different;
  for (const Example& example : examples) {
    std::string text;
    for (const Json& message : prompt_of(example)) {
      if (is_instruction(message)) text += text_of(message);
    }
    if (!text.empty()) different.insert(text_hash(text));
  }
  return different.size() * 2 > examples.size();
}

// The question as it is compared; `plain` gets the same lines as they stand. A row that has only
// shared lines keeps them all.
std::string question_of(const Example& example, const SharedText& shared, std::string& plain) {
  std::string own, all, all_plain;
  for (const Json& message : prompt_of(example)) {
    if (!counts(shared, message)) continue;
    for_each_line(text_of(message), [&](std::string_view line) {
      const std::string key = comparison_key(line);
      if (key.empty()) return;
      (all += all.empty() ? "" : " ") += key;
      all_plain.append(line) += '\n';
      if (shared.lines.contains(text_hash(key))) return;
      (own += own.empty() ? "" : " ") += key;
      plain.append(line) += '\n';
    });
  }
  if (!own.empty()) return own;
  plain = std::move(all_plain);
  return all;
}

bool is_word_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::string_view ExampleTexts::answer(std::int64_t row) const {
  const auto at = static_cast<std::size_t>(row);
  return std::string_view(rows[at]).substr(questions[at].size() + 1);
}

const std::string& ExampleTexts::asked(std::int64_t row) const {
  const auto at = static_cast<std::size_t>(row);
  return questions[at].empty() ? rows[at] : questions[at];
}

SharedText shared_text(std::span<const Example> examples) {
  SharedText shared{.instructions_count = instructions_differ(examples), .lines = {}};
  if (examples.size() < 4) return shared;
  struct Seen {
    std::size_t rows = 0;
    std::size_t last = 0;  // the last row that had it, from 1
  };
  std::unordered_map<std::uint64_t, Seen> seen;
  for (std::size_t row = 0; row < examples.size(); ++row) {
    for (const Json& message : prompt_of(examples[row])) {
      if (!counts(shared, message)) continue;
      for_each_line(text_of(message), [&](std::string_view line) {
        Seen& here = seen[text_hash(comparison_key(line))];
        if (here.last == row + 1) return;
        here.last = row + 1;
        ++here.rows;
      });
    }
  }
  for (const auto& [key, here] : seen) {
    if (here.rows * 2 > examples.size()) shared.lines.insert(key);
  }
  return shared;
}

std::uint64_t prompt_hash(const Example& example) {
  std::string key = to_text(example.tools);
  for (const Json& message : prompt_of(example))
    key += "\n" + role_of(message) + "\n" + comparison_key(text_of(message));
  return text_hash(key);
}

ExampleTexts example_texts(std::span<const Example> examples) {
  return example_texts(examples, shared_text(examples));
}

ExampleTexts example_texts(std::span<const Example> examples, const SharedText& shared) {
  ExampleTexts texts;
  for (const Example& example : examples) {
    std::string plain;
    texts.questions.push_back(question_of(example, shared, plain));
    texts.rows.push_back(texts.questions.back() + "\n" + comparison_key(answer_text(example)));
    texts.prompts.push_back(prompt_hash(example));
    const std::string frame = skeleton(plain);
    texts.skeletons.push_back(frame.empty() ? 0 : text_hash(frame) | 1);
  }
  return texts;
}

std::string question_text(const Example& example) {
  std::string text;
  for (const Json& message : prompt_of(example)) {
    if (is_instruction(message)) continue;
    if (!text.empty()) text += "\n";
    text += text_of(message);
  }
  return text;
}

std::string answer_text(const Example& example) {
  const auto* messages = example.messages.get_ptr<const Json::array_t*>();
  if (messages == nullptr || messages->empty() || role_of(messages->back()) != "assistant")
    return {};
  return text_of(messages->back());
}

std::string skeleton(std::string_view text) {
  std::string frame;
  std::int64_t plain_words = 0;
  bool sentence_begins = true;
  const auto put = [&](std::string_view word) {
    const bool mark = word == "#" || word == "@";
    // "14 June 2025" and "3 May" fill the same place.
    if (mark && (frame.ends_with('#') || frame.ends_with('@'))) return;
    if (!frame.empty()) frame += ' ';
    frame += word;
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_word_letter(text[end])) ++end;
    if (end == at) {
      const char c = text[at++];
      if (c == '.' || c == '!' || c == '?' || c == '\n' || c == ':') sentence_begins = true;
      continue;
    }
    const std::string_view word = text.substr(at, end - at);
    at = end;
    if (word.find_first_of("0123456789") != std::string_view::npos) {
      put("#");
    } else if (!sentence_begins && word.size() > 1 && word[0] >= 'A' && word[0] <= 'Z') {
      put("@");
    } else {
      put(comparison_key(word));
      ++plain_words;
    }
    sentence_begins = false;
  }
  return plain_words < 4 ? std::string() : frame;
}

}  // namespace attune::data
