// Live events of jobs to any number of streams. One thread watches the store; a stream that waits
// costs a small object. An event is read and rendered once, whoever listens.
//
//   EventHub hub(store);
//   ATTUNE_ANSWER(auto subscription, hub.subscribe(job_id, after));
//   return Response::events(subscription);
//
// Each event is sent as
//
//   id: 12
//   data: {"object": "fine_tuning.job.event", ...}
//
// with its sequence in the job, so that a client that comes again with Last-Event-ID: 12 misses
// nothing and gets nothing twice. After the last event of a job that has ended comes
// "data: [DONE]".
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "jobs/store.h"
#include "serve/http.h"

namespace attune::serve {

struct EventHubOptions {
  double look_seconds = 0.05;  // how often the store is asked whether anything changed (SQLite)
  double poll_seconds =
      0.25;  // how often it is asked for events, if that can't be told (PostgreSQL)
  std::int64_t kept_events = 256;  // of a job, in memory, for streams that are behind
};

class EventHub {
 public:
  explicit EventHub(jobs::Store& store, EventHubOptions options = {});
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // The events of the job after that sequence; the caller has checked that the tenant owns the
  // job. May block. Subscriptions may outlive the hub; then they end.
  Result<std::shared_ptr<Subscription>> subscribe(const std::string& job_id, std::int64_t after);
  std::int64_t subscriptions() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace attune::serve
