// Follows the jobs of this machine through the store and shows them in trackers.
//
//   Trackers trackers(store, {.notes = home.root / "tracking", .host = host}, &log);
//   trackers.add(std::make_unique<WandbTracker>(home.root / "wandb"));
//   trackers.start();
//   trackers.follow(job.id);       // whenever a job is claimed; returns at once
//
// Each tracker has a thread of its own. Its queue is the store itself: a tracker that is down or
// slow falls behind and catches up later, nothing is dropped, and at most kBatch events of a job
// are in memory. How far each has come is in notes/<tracker>/<job>.json, so that a restart goes on
// there. A tracker that keeps failing for three days after a job's end gives that job up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "io/file.h"
#include "jobs/store.h"
#include "jobs/tracker.h"

namespace attune::jobs {

struct TrackersOptions {
  Path notes;
  // Jobs that this host holds are followed without follow() as well. Empty: only those of follow().
  std::string host = {};
  double poll_seconds = 0.25;  // shorter than any job, so that none of the host's is missed
};

class Trackers {
 public:
  static constexpr std::int64_t kBatch = 500;

  // `log` may be null. Store and log must outlive the object.
  Trackers(Store& store, TrackersOptions options, Log* log = nullptr);
  ~Trackers();

  void add(std::unique_ptr<Tracker> tracker);  // before start()
  void start();                                // also takes up jobs that an earlier run left open
  void stop();

  void follow(const std::string& job_id);

  // One look at all jobs by the named tracker, as its thread does; how many updates it made. Tests.
  Result<std::int64_t> pass(const std::string& tracker);
  std::int64_t failures() const { return failures_.load(); }  // updates that failed, in all
  std::int64_t updates() const { return updates_.load(); }

 private:
  struct Followed;
  struct Lane;
  Result<std::int64_t> pass(Lane& lane);
  Result<bool> advance(Lane& lane, const std::string& job_id, Followed& followed);
  void take_up(Lane& lane);
  void note_failure(Lane& lane, const std::string& job_id, Followed& followed, const Error& error);
  Path notes_of(const Lane& lane, const std::string& job_id) const;
  void run(Lane& lane);

  Store& store_;
  TrackersOptions options_;
  Log* log_;
  std::list<Lane> lanes_;
  std::atomic<std::int64_t> failures_{0}, updates_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // of every lane's list of newcomers
  std::condition_variable changed_;
};

}  // namespace attune::jobs
