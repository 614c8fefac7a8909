#include "base/thread_pool.h"

#include <algorithm>
#include <chrono>

#include <sched.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace attune {

namespace {

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// How long a thread looks before it sleeps. To wake it takes 50 microseconds or more on a virtual
// machine, and the steps of a model follow each other within a few. 100 microseconds train as fast
// as 500 on idle cores, and a tenth faster beside a program that keeps one of two cores busy
// (docs/performance.md).
constexpr auto kLooking = std::chrono::microseconds(100);

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Returns when `word` is no longer `value`.
void wait_while(const std::atomic<int>& word, int value) {
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int look = 0; look < 32; ++look) {
      if (word.load(std::memory_order_acquire) != value) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() - start < kLooking);
  word.wait(value, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  const int count = threads > 0 ? threads : available_cpus();
  for (int worker = 1; worker < count; ++worker) {
    workers_.emplace_back([this, worker] { work(worker); });
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  ++runs_;
  runs_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(std::int64_t tasks, FunctionRef<void(std::int64_t, int)> body) {
  if (workers_.empty() || tasks <= 1) {
    for (std::int64_t task = 0; task < tasks; ++task) body(task, 0);
    return;
  }
  const int before = finished_.load(std::memory_order_relaxed);
  body_ = &body;
  tasks_ = tasks;
  unfinished_.store(tasks, std::memory_order_relaxed);
  untaken_.store(tasks, std::memory_order_release);
  ++runs_;
  runs_.notify_all();
  take_tasks(0);
  wait_while(finished_, before);
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
  for (int seen = 0; !stopping_; seen = runs_) {
    take_tasks(worker);
    wait_while(runs_, seen);
  }
}

// Whoever lowers untaken_ holds a task of the run that set it, which cannot end before the task
// does: body_ and tasks_ stay as they are meanwhile.
void ThreadPool::take_tasks(int worker) {
  std::int64_t untaken = untaken_.load(std::memory_order_acquire);
  while (untaken > 0) {
    if (!untaken_.compare_exchange_weak(untaken, untaken - 1, std::memory_order_acq_rel)) continue;
    (*body_)(tasks_ - untaken, worker);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      ++finished_;
      finished_.notify_one();
    }
    untaken = untaken_.load(std::memory_order_acquire);
  }
}

}  // namespace attune
