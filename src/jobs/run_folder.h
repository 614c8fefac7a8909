// The folder in which a job is trained: runs/<job>/. One process at a time works in it: a worker
// that lost its lease and does not know it yet holds the lock until it sees so, and its successor
// waits. The lock goes with the process, however that ends.
//
//   ATTUNE_TRY(const RunFolder folder, RunFolder::open(home.runs() / job_id, [&] { return
//   link.may_run(); })); options.folder = folder.training();
#pragma once

#include <functional>

#include "base/result.h"
#include "io/file.h"

namespace attune::jobs {

class RunFolder {
 public:
  // Waits for the lock as long as `may_wait` says so; refused (environment) when it stops.
  static Result<RunFolder> open(const Path& folder, const std::function<bool()>& may_wait);

  Path training() const { return path_ / "training"; }  // the trainer's checkpoints and logs
  Path metrics() const { return path_ / "metrics.jsonl"; }

  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

 private:
  RunFolder(Path path, int lock) : path_(std::move(path)), lock_(lock) {}
  Path path_;
  int lock_;
};

// For a job that is over: its checkpoints are large and of no more use. The logs stay.
void forget_checkpoints(const Path& run_folder);

// Puts a finished folder into its place, so that a power cut leaves it whole or absent. A folder
// that is there already, from an attempt that was cut off later, is kept: the same job and step
// give the same bytes.
Result<void> move_into_place(const Path& finished, const Path& place);

// Whether an error says that a disk, or a quota, is full.
bool is_disk_full(const Error& error);

}  // namespace attune::jobs
