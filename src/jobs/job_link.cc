#include "jobs/job_link.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <poll.h>

namespace attune::jobs {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRetry{250};

// The other end of the pipe is closed (nothing is ever written to it).
bool is_closed(int descriptor) {
  if (descriptor < 0) return false;
  pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) > 0 && (watched.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace

struct JobLink::State {
  Store& store;
  const std::string job_id;
  const std::int64_t attempt;
  const LinkOptions options;

  std::atomic<Wish> wish = Wish::run;
  std::atomic<bool> lost = false;  // for good, whatever an answer that is still under way says
  std::atomic<bool> parent_gone = false;
  std::atomic<Clock::rep> answered_at = 0;  // when the store last answered a beat

  std::mutex mutex;
  std::condition_variable ended;
  bool ending = false;
  std::thread beats;

  State(Store& the_store, std::string id, std::int64_t the_attempt, const LinkOptions& the_options)
      : store(the_store), job_id(std::move(id)), attempt(the_attempt), options(the_options) {
    mark_answered();
  }

  void mark_answered() { answered_at = Clock::now().time_since_epoch().count(); }
  bool lease_may_hold() const {
    const Clock::duration since = Clock::now().time_since_epoch() - Clock::duration(answered_at);
    return since < std::chrono::seconds(options.lease_seconds);
  }
  void beat();
  void run();
};

void JobLink::State::beat() {
  if (is_closed(options.parent)) parent_gone = true;
  if (lost) return;
  const Result<Wish> answer = store.heartbeat(job_id, attempt, options.lease_seconds);
  if (answer) {
    mark_answered();
    wish = *answer;
    if (*answer == Wish::lost) lost = true;
  } else if (!lease_may_hold()) {
    lost = true;
  }
}

void JobLink::State::run() {
  const std::chrono::duration<double> pause(options.beat_seconds);
  std::unique_lock lock(mutex);
  while (!ending) {
    lock.unlock();
    beat();
    lock.lock();
    ended.wait_for(lock, pause, [this] { return ending; });
  }
}

JobLink::JobLink(Store& store, std::string job_id, std::int64_t attempt, const LinkOptions& options)
    : state_(std::make_unique<State>(store, std::move(job_id), attempt, options)) {
  state_->beats = std::thread([state = state_.get()] { state->run(); });
}

JobLink::~JobLink() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->ended.notify_all();
  state_->beats.join();
}

Wish JobLink::wish() const { return state_->lost ? Wish::lost : state_->wish.load(); }

bool JobLink::should_leave() const {
  return state_->parent_gone || (state_->options.leave != nullptr && state_->options.leave->load());
}

Result<Recorded> JobLink::record(const Transition& change) {
  while (true) {
    Result<Recorded> recorded = state_->store.record(state_->job_id, state_->attempt, change);
    if (recorded) {
      if (*recorded == Recorded::lost) state_->lost = true;
      return recorded;
    }
    if (!state_->lease_may_hold()) {
      state_->lost = true;
      return recorded;
    }
    std::this_thread::sleep_for(kRetry);
  }
}

}  // namespace attune::jobs
