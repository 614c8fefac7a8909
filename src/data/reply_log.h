// replies.jsonl: every reply of a model that was asked for examples, and what became of it. Lines
// are appended and flushed one by one, so that a killed run goes on where it was; a last line that
// the kill cut off is removed.
//
//   {"version":1,"settings":{...}}
//   {"request":0,"verdict":"kept","prompt_tokens":310,"completion_tokens":48,"shots":[3,0],
//    "reply":"...","row":{"messages":[...]}}
//   {"request":1,"verdict":"near_copy","detail":"0.91 like request 0", ...}
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "io/json.h"
#include "io/line_log.h"

namespace attune::data {

inline constexpr const char* kReplyLogName = "replies.jsonl";

struct LoggedReply {
  std::int64_t request = 0;
  std::string verdict;      // "kept", or why not (synthetic.h)
  std::string detail = {};  // in words
  std::string reply = {};
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::vector<std::int64_t> shots = {};
  Json messages = nullptr;  // of the row, where it was kept
};

// One thread at a time.
class ReplyLog {
 public:
  // Begins `path`, or goes on with it. Refused: a log with replies to other settings (the error
  // names them), one that another program is writing, and what is no such log.
  static Result<ReplyLog> open(const Path& path, const Json& settings);
  Result<void> append(const LoggedReply& reply);

  // What an earlier run left, in the order of the file.
  const std::vector<LoggedReply>& earlier() const { return earlier_; }

 private:
  ReplyLog(Path path, LineLog lines) : path_(std::move(path)), lines_(std::move(lines)) {}
  Result<void> begin(const Json& settings);

  Path path_;
  LineLog lines_;
  std::vector<LoggedReply> earlier_;
};

}  // namespace attune::data
