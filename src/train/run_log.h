// train_log.jsonl: one JSON object a step, so that a run can be plotted and compared afterwards.
//
//   {"step":1,"epoch":0,"loss":2.31,"learning_rate":2e-05,"gradient_norm":1.7,"tokens":1990,"seconds":0.8,...}
//   {"step":50,...,"validation_loss":1.02,"validation_accuracy":0.71}
//
// A resumed run cuts the log behind its checkpoint's step and goes on, so that no step occurs
// twice.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "io/file.h"

namespace attune::train {

class RunLog {
 public:
  // Keeps the whole lines of steps 1..last_step that `path` holds (0: starts afresh) and appends
  // behind them.
  static Result<RunLog> open(const Path& path, std::int64_t last_step);
  // One line, without its newline.
  Result<void> append(std::string_view line);
  // What was appended survives a power cut.
  Result<void> flush();

  RunLog(RunLog&& other) noexcept;
  RunLog& operator=(RunLog&&) = delete;
  ~RunLog();

 private:
  RunLog(Path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  Path path_;
  int descriptor_ = -1;
};

}  // namespace attune::train
