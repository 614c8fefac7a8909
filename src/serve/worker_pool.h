// Threads for handlers. `keep` threads live as long as the pool; more are added while work waits,
// up to `most`, and go again when idle.
//
//   WorkerPool pool({.keep = 8, .most = 8, .waiting = 4096});
//   if (!pool.submit([=] { ... })) return overloaded();
//   pool.stop();                        // finishes what was accepted
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

namespace attune::serve {

struct WorkerPoolOptions {
  std::int64_t keep = 8;
  std::int64_t most = 8;
  std::int64_t waiting = 4096;  // accepted work without a thread yet
  double idle_seconds = 10;     // after which a thread above `keep` ends
};

class WorkerPool {
 public:
  explicit WorkerPool(const WorkerPoolOptions& options);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False: too much is waiting, or the pool is stopping. Work must not throw.
  bool submit(std::function<void()> work);
  void stop();
  std::int64_t busy() const;
  std::int64_t waiting() const;

 private:
  void run();
  void start_thread();  // with the lock held

  WorkerPoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable ended_;
  std::deque<std::function<void()>> queue_;
  std::int64_t threads_ = 0;
  std::int64_t busy_ = 0;  // threads with work
  bool stopping_ = false;
};

}  // namespace attune::serve
