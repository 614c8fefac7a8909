#include "base/thread_pool.h"

#include <algorithm>

#include <sched.h>

namespace attune {

namespace {

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  const int count = threads > 0 ? threads : available_cpus();
  for (int worker = 1; worker < count; ++worker) {
    workers_.emplace_back([this, worker] { work(worker); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  start_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(std::int64_t tasks, FunctionRef<void(std::int64_t, int)> body) {
  if (workers_.empty() || tasks <= 1) {
    for (std::int64_t task = 0; task < tasks; ++task) body(task, 0);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    body_ = &body;
    tasks_ = tasks;
    next_ = 0;
    unfinished_ = tasks;
    ++generation_;
  }
  start_.notify_all();
  take_tasks(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return unfinished_ == 0; });
  body_ = nullptr;
}

void ThreadPool::split(std::int64_t count, std::int64_t grain, FunctionRef<void(Range, int)> body) {
  if (count <= 0) return;
  const std::int64_t grains = (count + grain - 1) / grain;
  const std::int64_t parts = std::min<std::int64_t>(threads(), grains);
  run(parts, [&](std::int64_t part, int worker) {
    const Range range{std::min(count, part * grains / parts * grain),
                      std::min(count, (part + 1) * grains / parts * grain)};
    if (range.size() > 0) body(range, worker);
  });
}

void ThreadPool::work(int worker) {
  std::uint64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
    }
    take_tasks(worker);
  }
}

void ThreadPool::take_tasks(int worker) {
  while (true) {
    std::int64_t task = 0;
    const FunctionRef<void(std::int64_t, int)>* body = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (body_ == nullptr || next_ >= tasks_) return;
      task = next_++;
      body = body_;
    }
    (*body)(task, worker);
    {
      const std::lock_guard lock(mutex_);
      if (--unfinished_ == 0) done_.notify_one();
    }
  }
}

}  // namespace attune
