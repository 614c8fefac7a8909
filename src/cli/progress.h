// Lines about work under way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "train/progress.h"

namespace attune::cli {

// One line on standard error, redrawn in place and taken away at the end, where that is a terminal;
// nothing elsewhere.
class StatusLine {
 public:
  explicit StatusLine(bool wanted);
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  bool draws() const { return draws_; }
  void show(std::string_view text);
  void clear();

 private:
  bool draws_;
  bool open_ = false;
};

// Of a training run: one line redrawn on a terminal, a plain line every few seconds elsewhere.
class TrainingProgress {
 public:
  // quiet prints nothing (for --json).
  explicit TrainingProgress(bool quiet);
  void show(const train::StepProgress& step);
  void note(const std::string& text);
  void finish();

  train::TrainCallbacks callbacks();

 private:
  bool quiet_;
  bool terminal_;
  bool line_open_ = false;
  double last_shown_ = -1e9;
  double validation_loss_ = -1;
  double validation_accuracy_ = 0;
  Stopwatch watch_;
};

// "1 h 12 min", "3 min 05 s", "12.3 s".
std::string duration_text(double seconds);
// "512 MiB", "3.2 GiB".
std::string bytes_text(std::int64_t bytes);

}  // namespace attune::cli
