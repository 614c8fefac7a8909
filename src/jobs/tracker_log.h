// Writes the events of all jobs to the program's log: what happened to which job, in the shape of
// every other line.
#pragma once

#include "base/log.h"
#include "jobs/tracker.h"

namespace attune::jobs {

class LogTracker final : public Tracker {
 public:
  explicit LogTracker(Log& log) : log_(log) {}
  std::string name() const override { return "log"; }
  bool wants(const JobRow&) const override { return true; }
  Result<void> update(const TrackerUpdate& update, Json& notes) override;

 private:
  Log& log_;
};

}  // namespace attune::jobs
