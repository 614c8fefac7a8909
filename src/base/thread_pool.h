// A fixed team of threads for data-parallel loops. Work is split statically, so what a task
// computes never depends on timing.
//
//   pool.run(tasks, [&](std::int64_t task, int worker) { ... });    // returns when all are done
//   pool.split(rows, 16, [&](Range rows, int worker) { ... });      // one range a worker
//
// Between runs a worker looks for the next one for 100 microseconds before it sleeps.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/function_ref.h"

namespace attune {

struct Range {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t size() const { return end - begin; }
};

class ThreadPool {
 public:
  // `threads` workers in all; the calling thread is worker 0. 0 means one per available CPU.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Neither allocates. Calls body(task, worker) for each task in [0, tasks), taken in order by free
  // workers. Not reentrant.
  void run(std::int64_t tasks, FunctionRef<void(std::int64_t task, int worker)> body);

  // Splits [0, count) into at most threads() contiguous ranges whose inner bounds are multiples of
  // `grain`.
  void split(std::int64_t count, std::int64_t grain,
             FunctionRef<void(Range range, int worker)> body);

 private:
  void work(int worker);
  void take_tasks(int worker);

  std::vector<std::thread> workers_;
  const FunctionRef<void(std::int64_t, int)>* body_ = nullptr;  // of the run at hand
  std::int64_t tasks_ = 0;
  std::atomic<std::int64_t> untaken_{0};  // its tasks that no worker has taken
  std::atomic<std::int64_t> unfinished_{0};
  std::atomic<int> runs_{0};      // how many have begun; int, so that a sleeper waits on this word
  std::atomic<int> finished_{0};  // and how many have ended
  std::atomic<bool> stopping_{false};
};

}  // namespace attune
