// Runs the queue of this machine: claims jobs, starts a worker process for each, sees how it ends,
// and puts back what was lost. One thread; everything it knows is in the store, so another launcher
// (this one after a restart, or one on another machine) goes on from there.
//
//   ATTUNE_TRY(const auto launcher, Launcher::start(store, home, {.jobs_at_once = 1}));
//   launcher->wake();      // a job was created or resumed: look now rather than in half a second
//   launcher->stop();      // workers save and give their jobs back
//
// How an end of a worker is seen:
//   by its parent          at once, with exit code, signal, or the kernel's out-of-memory killer
//   after a restart        its process is looked for; one that is gone is known within seconds
//   on another machine     its lease runs out
// A worker whose launcher is gone sees so by its pipe and gives its job back by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/home.h"
#include "jobs/store.h"

namespace attune::jobs {

struct LauncherOptions {
  Path program = "/proc/self/exe";
  std::string database_url = {};                   // for the workers; empty: home.database_url()
  std::vector<std::string> models = {};            // NAME=FOLDER, handed to the workers
  std::vector<std::string> worker_arguments = {};  // more of them: {"--threads", "2"}
  std::int64_t jobs_at_once = 1;                   // that train on this machine
  std::int64_t checks_at_once = 2;                 // whose files are checked
  std::int64_t running_limit = 0;                  // of ClaimRequest
  std::int64_t project_running_limit = 0;
  std::int64_t lease_seconds = 15;
  std::int64_t crash_limit = 5;   // crashes of a job without an epoch between them: it fails
  std::int64_t loss_limit = 100;  // the same for workers killed from outside
  double poll_seconds = 0.5;
  std::function<void(const std::string&)> say = {};  // rare lines for the log; any thread
};

struct ActiveWorker {
  std::string job_id;
  std::int64_t attempt = 0;
  std::int64_t process = 0;
  bool trains = false;  // else it checks files
};

class Launcher {
 public:
  // The store must outlive the launcher.
  static Result<std::unique_ptr<Launcher>> start(Store& store, const Home& home,
                                                 LauncherOptions options);
  void wake();
  // Asks the workers to give their jobs back, waits, kills those that are too slow. Called once by
  // the destructor at the latest.
  void stop(double patience_seconds = 20);

  std::vector<ActiveWorker> workers() const;
  // What keeps the queue from moving now (no new process, database gone); empty: nothing.
  std::string problem() const;

  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

 private:
  struct State;
  explicit Launcher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Names this machine and its process numbers: two hosts of one name, or two containers, differ.
std::string host_identity();

}  // namespace attune::jobs
