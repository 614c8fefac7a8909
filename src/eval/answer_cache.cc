#include "eval/answer_cache.h"

#include "eval/answer_json.h"
#include "io/jsonl.h"
#include "io/sha256.h"

namespace attune::eval {

std::string answer_key(const Json& parts) { return sha256(to_text(parts)); }

Result<AnswerCache> AnswerCache::open(const Path& path) {
  ATTUNE_TRY(LineLog log, LineLog::open(path));
  AnswerCache cache(std::move(log));
  const JsonlContent lines = parse_jsonl(cache.log_.earlier(), path.string());
  for (const JsonLine& line : lines.rows) {
    if (!line.value.is_object() || !line.value.contains("key")) continue;
    const Json& key = line.value["key"];
    Result<Answer> answer = answer_from_json(line.value, path.string());
    if (key.is_string() && answer)
      cache.answers_.insert_or_assign(key.get<std::string>(), *std::move(answer));
  }
  return cache;
}

const Answer* AnswerCache::find(const std::string& key) const {
  const auto found = answers_.find(key);
  return found == answers_.end() ? nullptr : &found->second;
}

Result<void> AnswerCache::add(const std::vector<std::pair<std::string, Answer>>& answers) {
  std::vector<std::string> lines;
  for (const auto& [key, answer] : answers) {
    Json line = {{"key", key}};
    line.update(to_json(answer));
    lines.push_back(to_text(line));
  }
  ATTUNE_TRY_VOID(log_.append(lines));
  for (const auto& [key, answer] : answers) answers_.insert_or_assign(key, answer);
  return {};
}

}  // namespace attune::eval
