#include "serve/worker_pool.h"

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace attune::serve {

WorkerPool::WorkerPool(const WorkerPoolOptions& options) : options_(options) {
  const std::lock_guard lock(mutex_);
  for (std::int64_t i = 0; i < options_.keep; ++i) start_thread();
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::start_thread() {
  try {
    std::thread([this] { run(); }).detach();  // stop() waits for threads_ to reach 0
    ++threads_;
  } catch (const std::system_error&) {
    // The system has no thread to give: the work waits for one that exists.
  }
}

bool WorkerPool::submit(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  const auto queued = static_cast<std::int64_t>(queue_.size());
  if (queued >= threads_ - busy_ && threads_ < options_.most) start_thread();
  if (threads_ == 0 || queued >= threads_ - busy_ + options_.waiting) return false;
  queue_.push_back(std::move(work));
  ready_.notify_one();
  return true;
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool woken = ready_.wait_for(lock, std::chrono::duration<double>(options_.idle_seconds),
                                       [this] { return stopping_ || !queue_.empty(); });
    if (!queue_.empty()) {
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      ++busy_;
      lock.unlock();
      work();
      work = nullptr;  // what it captured goes before the thread counts as idle
      lock.lock();
      --busy_;
      continue;
    }
    if (stopping_ || (!woken && threads_ > options_.keep)) break;
  }
  --threads_;
  ended_.notify_all();
}

void WorkerPool::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  ready_.notify_all();
  ended_.wait(lock, [this] { return threads_ == 0; });
}

std::int64_t WorkerPool::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

std::int64_t WorkerPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(queue_.size());
}

}  // namespace attune::serve
