// A place outside where a job can be watched: a W&B run file, an MLflow server, the log.
//
// A tracker never sees a running trainer. It is given what the store says, after the fact, by a
// thread of its own (trackers.h), so that nothing it does can slow or fail a job, and so that what
// it shows is as true as the store after any crash.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "jobs/rows.h"

namespace attune::jobs {

struct TrackerUpdate {
  const JobRow& job;                 // as it is now
  std::span<const EventRow> events;  // since the last update that succeeded, in order
  bool ended = false;                // the job is final and these are its last events
};

class Tracker {
 public:
  virtual ~Tracker() = default;
  virtual std::string name() const = 0;  // "wandb"; names its notes on disk
  virtual bool wants(const JobRow& job) const = 0;
  // Shows the update. `notes` is what the tracker remembers of this job, {} at first; it is kept on
  // disk, but only if the call succeeds: after a failure or a crash the same events come again with
  // the notes as they were.
  virtual Result<void> update(const TrackerUpdate& update, Json& notes) = 0;
  // From another thread: an update that waits for somebody should give up.
  virtual void stop() {}
};

// The settings of a job worth showing beside its curves: model, files, seed, hyperparameters,
// metadata. Values are text or numbers; what is not known yet is "auto".
Json run_settings(const wire::JobObject& job);

// The numbers of a metrics event but for "step" and "total_steps"; empty for other events.
std::vector<std::pair<std::string, double>> event_metrics(const wire::EventObject& event);
std::optional<std::int64_t> event_step(const wire::EventObject& event);

}  // namespace attune::jobs
