// Following a job until it ends: a live picture on a terminal, plain lines elsewhere.
#pragma once

#include <string>

#include "cli/remote_options.h"
#include "client/job_progress.h"

namespace attune::cli {

struct WatchOptions {
  bool quiet = false;           // print nothing, only wait
  double give_up_minutes = 30;  // without any answer
  double poll_seconds = 2;
};

struct WatchedJob {
  client::JobView job;
  client::JobProgress progress;
};

// Returns when the job has ended. A lost connection or a server that is down does not end it until
// give_up_minutes are over; the job itself goes on without a watcher.
Result<WatchedJob> watch_job(const client::Endpoint& endpoint, const std::string& id,
                             const WatchOptions& options);

// What `jobs watch` and `jobs create --watch` end with: the model, or why there is none. 0 for a
// job that succeeded, 4 for one that did not.
int conclude_watch(const client::JobView& job);

}  // namespace attune::cli
