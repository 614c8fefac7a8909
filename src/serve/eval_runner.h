// Works on the runs of evals: takes those that wait, oldest first, answers and judges their items
// several at a time, and stores them as they come. Threads of the server: a run needs the models
// that it has in memory.
//
//   EvalRunner runner(app, {});       // runs until stop() or its end
//   runner.wake();                    // a run was added
//
// Requests go first: see ModelAsker. A run survives its server: the items that were stored stay,
// and whoever takes the run next does the others. stop() stores what is done and lets go.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "jobs/rows.h"
#include "serve/app.h"

namespace attune::serve {

struct EvalRunnerOptions {
  std::int64_t runs_at_once = 2;   // so that a short one does not wait for a long one
  std::int64_t items_at_once = 8;  // of each run
  std::int64_t lease_seconds = 30;
  double look_seconds = 2;  // for runs that other servers left
};

class EvalRunner {
 public:
  // The app and all it refers to outlive the runner.
  EvalRunner(App& app, EvalRunnerOptions options);
  ~EvalRunner();
  EvalRunner(const EvalRunner&) = delete;
  EvalRunner& operator=(const EvalRunner&) = delete;

  void wake();
  void stop();

 private:
  struct Active {
    std::thread thread;
    std::atomic<bool> ended = false;
  };
  class Work;

  void watch();
  bool start_next();  // false: there is none
  void join_ended(bool all);

  App& app_;
  const EvalRunnerOptions options_;
  const std::string worker_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::list<Active> active_;  // of the watching thread alone
  std::thread watcher_;
};

}  // namespace attune::serve
