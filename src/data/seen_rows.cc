#include "data/seen_rows.h"

#include <algorithm>
#include <utility>

#include <xxhash.h>

#include "base/trim.h"
#include "data/clean_text.h"

namespace attune::data {

namespace {

std::uint64_t joined(std::uint64_t hash, std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(), hash);
}

std::string_view content_of(JsonRef message) {
  const JsonRef content = message.find("content");
  return trim(content.is_string() ? content.string() : content.exists() ? content.text() : "");
}

std::uint64_t joined_message(std::uint64_t hash, JsonRef message) {
  hash = joined(joined(hash, message.find("role").string()), content_of(message));
  const JsonRef calls = message.find("tool_calls");
  return calls.exists() ? joined(hash, calls.text()) : hash;
}

}  // namespace

RowHashes hash_row(JsonRef messages, JsonRef tools, std::string_view answers) {
  RowHashes hashes;
  if (tools.is_array()) hashes.prompt = joined(hashes.prompt, tools.text());
  if (!answers.empty()) hashes.answer = joined(0, trim(answers));
  if (messages.is_string()) {
    hashes.prompt = joined(hashes.prompt, trim(messages.string()));
    hashes.asks = !is_blank(messages.string());
    return hashes;
  }
  for (JsonRef message = messages.is_array() ? messages.first() : JsonRef(); message.exists();
       message = message.next()) {
    const bool last = !message.next().exists();
    if (last && answers.empty() && message.find("role").string() == "assistant") {
      hashes.answer = joined_message(0, message);
    } else {
      hashes.prompt = joined_message(hashes.prompt, message);
      hashes.asks = hashes.asks || !content_of(message).empty();
    }
  }
  return hashes;
}

void SeenRows::add(const SeenRow& row, std::string_view id) {
  rows_.push_back(
      {.row = row, .id_at = ids_.size(), .id_size = static_cast<std::uint32_t>(id.size())});
  ids_ += id;
}

std::string_view SeenRows::id(std::size_t index) const {
  return std::string_view(ids_).substr(rows_[index].id_at, rows_[index].id_size);
}

std::vector<SeenRows::Repeat> SeenRows::repeats() const {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> prompts;  // hash, row
  prompts.reserve(rows_.size());
  for (const Named& row : rows_)
    prompts.emplace_back(row.row.hashes.prompt, static_cast<std::uint32_t>(prompts.size()));
  std::sort(prompts.begin(), prompts.end());
  std::vector<Repeat> repeats;
  std::vector<std::uint32_t> answers;  // the first row with each answer to the prompt at hand
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto& [prompt, at] = prompts[i];
    const bool first = i == 0 || prompts[i - 1].first != prompt;
    if (first && (i + 1 == prompts.size() || prompts[i + 1].first != prompt)) continue;
    const SeenRow& row = rows_[at].row;
    if (first) answers.clear();
    const auto same = std::find_if(answers.begin(), answers.end(), [&](std::uint32_t other) {
      return rows_[other].row.hashes.answer == row.hashes.answer;
    });
    if (same != answers.end()) {
      repeats.push_back({.row = at, .first = *same, .same_answer = true});
      continue;
    }
    if (!answers.empty() && row.hashes.asks && row.one_answer && rows_[answers[0]].row.one_answer)
      repeats.push_back({.row = at, .first = answers[0], .same_answer = false});
    // More answers than these to one prompt are told as contradictions, whatever they repeat.
    constexpr std::size_t kMostAnswers = 100;
    if (answers.size() < kMostAnswers) answers.push_back(at);
  }
  std::sort(repeats.begin(), repeats.end(),
            [](const Repeat& a, const Repeat& b) { return a.row < b.row; });
  return repeats;
}

}  // namespace attune::data
