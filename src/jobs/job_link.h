// A worker's tie to its job: beats for the lease from a thread of its own, knows what the job's
// users wish, and records changes.
//
//   JobLink link(store, job_id, attempt, {.parent = 0});
//   if (link.wish() != Wish::run) ...                 // asked at every step; never waits
//   ATTUNE_TRY(Recorded recorded, link.record({.events = ...}));
//
// A database that can't be reached is waited for as long as the lease may still be ours. When that
// time is over the job counts as lost: another worker may have it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "jobs/store.h"

namespace attune::jobs {

struct LinkOptions {
  std::int64_t lease_seconds = 15;
  double beat_seconds = 1;
  // A descriptor whose other end the launcher holds: when it closes, the launcher is gone.
  int parent = -1;
  // Set from outside (a signal handler) when the worker should give its job back; may be null.
  const std::atomic<bool>* leave = nullptr;
};

class JobLink {
 public:
  JobLink(Store& store, std::string job_id, std::int64_t attempt, const LinkOptions& options);
  ~JobLink();
  JobLink(const JobLink&) = delete;
  JobLink& operator=(const JobLink&) = delete;

  // As of the last beat.
  Wish wish() const;
  // The launcher is gone, or asked for it: the job should go back to the queue.
  bool should_leave() const;
  // Neither a wish nor a reason to leave: go on.
  bool may_run() const { return wish() == Wish::run && !should_leave(); }

  // Waits out a database that does not answer. An error is the database's last word.
  Result<Recorded> record(const Transition& change);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune::jobs
