#include "client/event_feed.h"

#include <algorithm>
#include <chrono>

namespace attune::client {

namespace {

constexpr std::int64_t kPageSize = 100;
constexpr int kMostPages = 1000;

std::chrono::duration<double> span_of(double seconds) {
  return std::chrono::duration<double>(seconds);
}

}  // namespace

Reply<std::vector<Received<wire::EventObject>>> events_since(ApiClient& api, const std::string& job,
                                                             const std::string& last) {
  std::vector<Received<wire::EventObject>> newest_first;
  ListQuery query{.after = {}, .limit = kPageSize};
  for (int page_count = 0; page_count < kMostPages; ++page_count) {
    auto page = api.events(job, query);
    if (!page) return CallRefused(std::move(page).error());
    for (auto& event : page->items) {
      if (!last.empty() && event.value.id == last) {
        std::reverse(newest_first.begin(), newest_first.end());
        return newest_first;
      }
      newest_first.push_back(std::move(event));
    }
    if (!page->has_more || page->items.empty()) break;
    query.after = newest_first.back().value.id;
  }
  std::reverse(newest_first.begin(), newest_first.end());
  return newest_first;
}

EventFeed::EventFeed(Connector connector, std::string job, FeedOptions options)
    : connector_(std::move(connector)), job_(std::move(job)), options_(options) {
  thread_ = std::thread([this] { run(); });
}

EventFeed::~EventFeed() { stop(); }

void EventFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

EventFeed::News EventFeed::take(double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, span_of(seconds),
                    [this] { return !news_.events.empty() || news_.ended || stop_; });
  News taken = news_;
  news_.events.clear();
  return taken;
}

void EventFeed::run() {
  const std::unique_ptr<ApiClient> api = connector_();
  while (!stop_ && round(*api)) {
  }
}

// One stream until it ends, or one poll.
bool EventFeed::round(ApiClient& api) {
  if (can_stream_) {
    const auto streamed = api.follow_events(
        job_, position_, [this](const auto& event) { return receive(event); }, stop_);
    if (!streamed && streamed.error().temporary()) return note_failure(streamed.error());
    // Refused, or unknown there: it may still answer lists, and says what is wrong if not.
    can_stream_ = streamed && *streamed;
    pause(can_stream_ ? 0.2 : 0);  // a server that ends its streams at once is not to be hammered
    return true;
  }
  const auto missed = events_since(api, job_, last_);
  if (!missed) return note_failure(missed.error());
  for (const auto& event : *missed) receive(event);
  {
    const std::lock_guard lock(mutex_);
    news_.trouble.reset();
  }
  next_pause_ = 1;
  pause(options_.poll_seconds);
  return true;
}

bool EventFeed::receive(const Received<wire::EventObject>& event) {
  const std::string& id = event.value.id;
  if (!id.empty()) last_ = id;
  next_pause_ = 1;
  const bool is_new = id.empty() || seen_.insert(id).second;
  const std::lock_guard lock(mutex_);
  news_.trouble.reset();
  if (is_new) news_.events.push_back(event);
  changed_.notify_all();
  return !stop_;
}

bool EventFeed::note_failure(const CallFailure& failure) {
  if (failure.stopped) return !stop_;
  {
    const std::lock_guard lock(mutex_);
    news_.trouble = failure;
    news_.ended = !failure.temporary();
    changed_.notify_all();
  }
  if (!failure.temporary()) return false;
  pause(next_pause_);
  next_pause_ = std::min(2 * next_pause_, options_.longest_pause);
  return true;
}

void EventFeed::pause(double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, span_of(seconds), [this] { return stop_.load(); });
}

}  // namespace attune::client
