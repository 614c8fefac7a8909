// A file of lines that is only appended to: after a kill it holds every line that was written
// whole.
//
//   ATTUNE_TRY(LineLog log, LineLog::open("replies.jsonl"));
//   read(log.earlier());                       // what an earlier run left
//   ATTUNE_TRY_VOID(log.append({line}));       // on disk when it returns
//
// One program at a time writes it, one thread at a time uses it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file.h"

namespace attune {

class LineLog {
 public:
  // Makes the file where it is not there; a last line that a kill cut off is removed. Refused: a
  // file that another program is writing.
  static Result<LineLog> open(const Path& path);

  // The lines that were there, each with its end.
  const std::string& earlier() const { return earlier_; }

  Result<void> append(std::span<const std::string> lines);  // without their ends
  Result<void> clear();

  LineLog(LineLog&& other) noexcept;
  LineLog& operator=(LineLog&&) = delete;
  ~LineLog();

 private:
  LineLog(Path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  Failure failure(std::string_view action, int error) const;

  Path path_;
  int descriptor_;
  std::string earlier_;
};

}  // namespace attune
