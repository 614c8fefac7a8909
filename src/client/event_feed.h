// The events of a job as they come, from a stream where the server has one and by polling where it
// has none, in a thread of its own. It outlives lost connections and restarts of the server: no
// event is lost or told twice.
//
//   EventFeed feed(connect_again, "ftjob-...", {});
//   EventFeed::News news = feed.take(0.25);      // waits at most so many seconds
//   for (const auto& event : news.events) ...
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/api_client.h"

namespace attune::client {

// The events after `last` (all for ""), oldest first.
Reply<std::vector<Received<wire::EventObject>>> events_since(ApiClient& api, const std::string& job,
                                                             const std::string& last);

struct FeedOptions {
  double poll_seconds = 2;
  double longest_pause = 15;  // between attempts when nothing answers
};

class EventFeed {
 public:
  using Connector = std::function<std::unique_ptr<ApiClient>()>;

  struct News {
    std::vector<Received<wire::EventObject>> events;
    std::optional<CallFailure> trouble;  // as long as it lasts
    bool ended = false;                  // the failure is lasting; nothing more will come
  };

  EventFeed(Connector connector, std::string job, FeedOptions options);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  News take(double seconds);
  // Ends the thread; what it had gathered can still be taken.
  void stop();

 private:
  void run();
  bool round(ApiClient& api);  // false: a lasting failure
  bool receive(const Received<wire::EventObject>& event);
  bool note_failure(const CallFailure& failure);
  void pause(double seconds);

  Connector connector_;
  std::string job_;
  FeedOptions options_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  News news_;
  // Only the thread uses these.
  std::string position_;        // in the stream
  std::string last_;            // id of the last event
  std::set<std::string> seen_;  // ids
  bool can_stream_ = true;
  double next_pause_ = 1;
  std::thread thread_;
};

}  // namespace attune::client
