// Every answer that a folder's runs have got, by what decides it: the model, the prompt, the
// settings and the number of the sample. A run that was stopped asks only what it has not asked,
// and a changed prompt is asked again without being told.
//
//   ATTUNE_TRY(AnswerCache cache, AnswerCache::open(out / kAnswerCacheName));
//   const std::string key = answer_key({{"model", identity}, {"messages", messages}, ...});
//   if (const Answer* known = cache.find(key)) ...
//
// One line an answer: {"key":"9f...","text":"...","prompt_tokens":120,"completion_tokens":31}
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "eval/arms.h"
#include "io/json.h"
#include "io/line_log.h"

namespace attune::eval {

inline constexpr const char* kAnswerCacheName = "answers.jsonl";

std::string answer_key(const Json& parts);  // SHA-256 of their JSON

class AnswerCache {
 public:
  // Refused: what LineLog refuses. Lines that are no answers are passed over: they are asked again.
  static Result<AnswerCache> open(const Path& path);

  const Answer* find(const std::string& key) const;  // until the next add(); without times
  Result<void> add(const std::vector<std::pair<std::string, Answer>>& answers);
  std::int64_t size() const { return std::ssize(answers_); }

 private:
  explicit AnswerCache(LineLog log) : log_(std::move(log)) {}

  LineLog log_;
  std::unordered_map<std::string, Answer> answers_;
};

}  // namespace attune::eval
