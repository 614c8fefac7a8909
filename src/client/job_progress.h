// What is known of a running job, gathered from its object and its events, and drawn as text.
//
//   JobProgress progress;
//   progress.take(job);                                  // as often as it is asked for
//   progress.take(event.value);                          // oldest first; repeats are left out
//   for (const std::string& line : progress.draw({.columns = 100, .now = unix_time})) ...
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/api_client.h"
#include "wire/objects.h"

namespace attune::client {

struct CurveValue {
  std::int64_t step = 0;
  double value = 0;
};

struct DrawOptions {
  std::int64_t columns = 80;
  std::int64_t chart_rows = 5;
  std::int64_t events = 6;   // the last ones
  std::int64_t now = 0;      // Unix seconds
  std::string trouble = {};  // for example "no answer, trying again"
};

class JobProgress {
 public:
  void take(const JobView& job);
  // False for an event seen before.
  bool take(const wire::EventObject& event);

  std::int64_t step() const { return step_; }
  std::int64_t steps() const { return steps_; }
  const std::vector<CurveValue>& loss() const { return loss_; }
  const std::vector<CurveValue>& validation() const { return validation_; }
  const std::vector<CurveValue>& full_validation() const { return full_validation_; }
  std::optional<double> tokens_per_second() const { return tokens_per_second_; }
  // From the server's estimates, else from the pace of the metrics since the run last (re)started.
  std::optional<double> seconds_left(std::int64_t now) const;

  // Lines for a terminal, none wider than `columns`.
  std::vector<std::string> draw(const DrawOptions& options) const;

 private:
  void take_metrics(const wire::EventObject& event);
  std::string heading() const;
  std::string progress_line(std::int64_t now, std::int64_t columns) const;
  std::string loss_line() const;
  void draw_curve(std::vector<std::string>& lines, const DrawOptions& options) const;

  std::optional<JobView> job_;
  std::set<std::string> seen_;
  std::deque<wire::EventObject> recent_;
  std::int64_t step_ = 0, steps_ = 0;
  std::vector<CurveValue> loss_, validation_, full_validation_;
  std::optional<double> tokens_per_second_;
  std::optional<double> memory_bytes_;
  std::optional<double> server_seconds_left_;  // at last_time_
  // The first and the last metrics of the unbroken run, for the pace.
  std::int64_t pace_step_ = 0, pace_time_ = 0, last_time_ = 0;
};

// One line for a log: "2026-01-31 12:00:05  info   Step 3/303: training loss=1.52".
std::string event_line(const wire::EventObject& event);

// A server's text made safe for a terminal: control characters become spaces.
std::string printable(std::string_view text);

// At most `columns` characters, counting code points.
std::string cut_to(std::string_view text, std::int64_t columns);

}  // namespace attune::client
