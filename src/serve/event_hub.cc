#include "serve/event_hub.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "jobs/state.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kEventsAtOnce = 256;
constexpr std::size_t kMostBytesAtOnce = 64 << 10;
constexpr double kPauseAfterFailure = 1;
constexpr std::string_view kDone = "data: [DONE]\n\n";

std::string render(const jobs::EventRow& row) {
  return fmt::format("id: {}\ndata: {}\n\n", row.sequence, to_text(wire::to_json(row.event)));
}

class JobEvents;

// A job that somebody listens to. Guarded by the hub's mutex.
struct Topic {
  std::int64_t last = 0;           // sequence of the newest event that is known
  bool ended = false;              // and no more will come
  std::deque<std::string> recent;  // rendered; the newest one has sequence `last`
  std::set<JobEvents*> listeners;

  std::int64_t first_recent() const { return last - static_cast<std::int64_t>(recent.size()) + 1; }
};

}  // namespace

struct EventHub::State {
  jobs::Store& store;
  EventHubOptions options;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Topic> topics;
  std::int64_t listeners = 0;
  bool stopping = false;
  bool look_again = false;  // a topic came, perhaps behind events that were seen already
  std::thread watcher;

  State(jobs::Store& given, const EventHubOptions& wanted) : store(given), options(wanted) {}
  void watch();
  Result<void> look(const std::vector<std::string>& job_ids);
  Result<void> catch_up(const jobs::JobTail& tail);
  void wake(const std::string& job_id);
};

namespace {

class JobEvents : public Subscription {
 public:
  JobEvents(std::shared_ptr<EventHub::State> hub, std::string job_id, std::int64_t position)
      : hub_(std::move(hub)), job_id_(std::move(job_id)), position_(position) {}

  ~JobEvents() override {
    const std::lock_guard lock(hub_->mutex);
    const auto topic = hub_->topics.find(job_id_);
    if (topic == hub_->topics.end()) return;
    topic->second.listeners.erase(this);
    --hub_->listeners;
    if (topic->second.listeners.empty()) hub_->topics.erase(topic);
  }

  Piece take() override {
    const std::lock_guard lock(hub_->mutex);
    const auto found = hub_->topics.find(job_id_);
    if (hub_->stopping || found == hub_->topics.end()) return {.finished = true};
    const Topic& topic = found->second;
    Piece piece;
    if (position_ < topic.last && position_ + 1 < topic.first_recent()) {
      piece.must_fetch = true;
      return piece;
    }
    while (position_ < topic.last && piece.bytes.size() < kMostBytesAtOnce) {
      const std::int64_t index = position_ + 1 - topic.first_recent();
      piece.bytes += topic.recent[static_cast<std::size_t>(index)];
      ++position_;
    }
    if (topic.ended && position_ >= topic.last) {
      piece.bytes += kDone;
      piece.finished = true;
    }
    return piece;
  }

  Piece fetch() override {
    const auto rows = hub_->store.events_after(job_id_, position_, kEventsAtOnce);
    if (!rows) return {.finished = true};  // the client comes again with the last id it has
    Piece piece;
    for (const jobs::EventRow& row : *rows) {
      piece.bytes += render(row);
      position_ = row.sequence;
    }
    return piece;
  }

  void on_ready(std::function<void()> wake) override {
    const std::lock_guard lock(hub_->mutex);
    wake_ = std::move(wake);
  }
  const std::function<void()>& wake() const { return wake_; }  // with the hub's lock held

 private:
  std::shared_ptr<EventHub::State> hub_;
  std::string job_id_;
  std::int64_t position_;  // sequence of the last event that was taken
  std::function<void()> wake_;
};

}  // namespace

// ---- the watching thread ----

void EventHub::State::wake(const std::string& job_id) {
  std::vector<std::function<void()>> wakes;
  {
    const std::lock_guard lock(mutex);
    const auto topic = topics.find(job_id);
    if (topic == topics.end()) return;
    for (const JobEvents* listener : topic->second.listeners)
      if (listener->wake()) wakes.push_back(listener->wake());
  }
  for (const auto& call : wakes) call();
}

// Reads what the topic lacks of the job's events.
Result<void> EventHub::State::catch_up(const jobs::JobTail& tail) {
  for (;;) {
    std::int64_t from = 0;
    {
      const std::lock_guard lock(mutex);
      const auto topic = topics.find(tail.job_id);
      if (topic == topics.end() || topic->second.last >= tail.last_sequence) break;
      from = topic->second.last;
    }
    ATTUNE_TRY(const auto rows, store.events_after(tail.job_id, from, kEventsAtOnce));
    if (rows.empty()) break;
    std::deque<std::string> rendered;
    for (const jobs::EventRow& row : rows) rendered.push_back(render(row));
    const std::lock_guard lock(mutex);
    const auto topic = topics.find(tail.job_id);
    if (topic == topics.end()) break;
    for (std::string& text : rendered) topic->second.recent.push_back(std::move(text));
    topic->second.last = rows.back().sequence;
    while (static_cast<std::int64_t>(topic->second.recent.size()) > options.kept_events)
      topic->second.recent.pop_front();
  }
  {
    const std::lock_guard lock(mutex);
    const auto topic = topics.find(tail.job_id);
    if (topic != topics.end()) topic->second.ended = jobs::is_final(tail.status);
  }
  wake(tail.job_id);
  return {};
}

Result<void> EventHub::State::look(const std::vector<std::string>& job_ids) {
  ATTUNE_TRY(const auto tails, store.tails(job_ids));
  for (const jobs::JobTail& tail : tails) {
    bool news = false;
    {
      const std::lock_guard lock(mutex);
      const auto topic = topics.find(tail.job_id);
      news = topic != topics.end() && (topic->second.last < tail.last_sequence ||
                                       topic->second.ended != jobs::is_final(tail.status));
    }
    if (news) ATTUNE_TRY_VOID(catch_up(tail));
  }
  return {};
}

void EventHub::State::watch() {
  constexpr std::int64_t kNothingSeen = -1;  // plain numbers: g++ 12 misreads optionals here
  std::int64_t seen = kNothingSeen;
  std::unique_lock lock(mutex);
  while (!stopping) {
    changed.wait(lock, [this] { return stopping || !topics.empty(); });
    if (stopping) break;
    std::vector<std::string> job_ids;
    for (const auto& [job_id, topic] : topics) job_ids.push_back(job_id);
    if (std::exchange(look_again, false)) seen = kNothingSeen;
    lock.unlock();
    // The token is read first: what is committed after it is seen in the next round.
    const std::int64_t token = store.change_token().value_or(kNothingSeen);
    double pause = token != kNothingSeen ? options.look_seconds : options.poll_seconds;
    if (token == kNothingSeen || token != seen) {
      const bool looked = look(job_ids).has_value();
      seen = looked ? token : kNothingSeen;
      if (!looked) pause = kPauseAfterFailure;
    }
    lock.lock();
    changed.wait_for(lock, std::chrono::duration<double>(pause),
                     [this] { return stopping || look_again; });
  }
}

EventHub::EventHub(jobs::Store& store, EventHubOptions options)
    : state_(std::make_shared<State>(store, options)) {
  state_->watcher = std::thread([state = state_.get()] { state->watch(); });
}

EventHub::~EventHub() {
  std::vector<std::string> job_ids;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
    for (const auto& [job_id, topic] : state_->topics) job_ids.push_back(job_id);
  }
  state_->watcher.join();
  for (const std::string& job_id : job_ids) state_->wake(job_id);
}

Result<std::shared_ptr<Subscription>> EventHub::subscribe(const std::string& job_id,
                                                          std::int64_t after) {
  const std::vector<std::string> job_ids = {job_id};
  ATTUNE_TRY(const auto tails, state_->store.tails(job_ids));
  auto subscription = std::make_shared<JobEvents>(state_, job_id, after);
  const std::lock_guard lock(state_->mutex);
  auto [topic, is_new] = state_->topics.try_emplace(job_id);
  if (is_new && !tails.empty()) {
    topic->second.last = tails.front().last_sequence;
    topic->second.ended = jobs::is_final(tails.front().status);
  }
  state_->look_again = state_->look_again || is_new;
  topic->second.listeners.insert(subscription.get());
  ++state_->listeners;
  state_->changed.notify_all();
  return std::shared_ptr<Subscription>(std::move(subscription));
}

std::int64_t EventHub::subscriptions() const {
  const std::lock_guard lock(state_->mutex);
  return state_->listeners;
}

}  // namespace attune::serve
