#include "cli/progress.h"

#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace attune::cli {

namespace {

constexpr double kTerminalSeconds = 0.2;  // between redraws
constexpr double kPlainSeconds = 5.0;     // between lines of a log

std::string bar(std::int64_t done, std::int64_t all) {
  constexpr std::int64_t kWidth = 20;
  const std::int64_t filled = all > 0 ? kWidth * done / all : 0;
  return "[" + std::string(static_cast<std::size_t>(filled), '=') +
         std::string(static_cast<std::size_t>(kWidth - filled), ' ') + "]";
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{:.1f} s", seconds);
}

std::string bytes_text(std::int64_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / (1 << 20);
  if (mebibytes >= 1024) return fmt::format("{:.1f} GiB", mebibytes / 1024);
  return fmt::format("{:.0f} MiB", mebibytes);
}

StatusLine::StatusLine(bool wanted) : draws_(wanted && isatty(STDERR_FILENO) != 0) {}

void StatusLine::show(std::string_view text) {
  if (!draws_) return;
  fmt::print(stderr, "\r\033[K{}", text);
  open_ = true;
}

void StatusLine::clear() {
  if (open_) fmt::print(stderr, "\r\033[K");
  open_ = false;
}

TrainingProgress::TrainingProgress(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDOUT_FILENO) != 0) {}

void TrainingProgress::show(const train::StepProgress& s) {
  if (s.validation) {
    validation_loss_ = s.validation->loss;
    validation_accuracy_ = s.validation->accuracy;
  }
  if (quiet_) return;
  const bool last = s.step == s.steps;
  const double interval = terminal_ ? kTerminalSeconds : kPlainSeconds;
  if (!last && !s.validation && watch_.seconds() - last_shown_ < interval) return;
  last_shown_ = watch_.seconds();
  std::string line =
      fmt::format("step {:>4}/{} {} loss {:.4f}", s.step, s.steps, bar(s.step, s.steps), s.loss);
  if (validation_loss_ >= 0) {
    line += fmt::format("  validation {:.4f} ({:.1f} % of tokens right)", validation_loss_,
                        100 * validation_accuracy_);
  }
  line += fmt::format("  {:.0f} tokens/s  {:.0f} % of peak  {} left", s.tokens_per_second,
                      100 * s.peak_fraction, duration_text(s.eta_seconds));
  fmt::print("{}{}{}", terminal_ ? "\r\033[K" : "", line, terminal_ ? "" : "\n");
  std::fflush(stdout);
  line_open_ = terminal_;
}

void TrainingProgress::note(const std::string& text) {
  finish();
  if (!quiet_) fmt::print("{}\n", text);
}

void TrainingProgress::finish() {
  if (line_open_) fmt::print("\n");
  line_open_ = false;
}

train::TrainCallbacks TrainingProgress::callbacks() {
  return {.step =
              [this](const train::StepProgress& step) {
                show(step);
                return train::Action::proceed;
              },
          .note = [this](const std::string& text) { note(text); }};
}

}  // namespace attune::cli
