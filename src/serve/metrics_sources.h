// What /metrics says about the parts beside HTTP. Each function writes families of metrics; they
// are given to ServerMetrics::add_source:
//
//   StoreMetrics store_metrics(store, host);
//   metrics.add_source([&](MetricsText& text) { store_metrics.write(text); });
//   metrics.add_source(write_process_metrics);
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "jobs/store.h"
#include "jobs/trackers.h"
#include "jobs/webhooks.h"
#include "serve/metrics.h"
#include "serve/server.h"

namespace attune::serve {

// Jobs by status, the queue, what each running job says of itself (loss, step, tokens/s, memory),
// the outbox. Asks the store at most once a second, however often it is scraped.
class StoreMetrics {
 public:
  // `host`: whose workers' memory can be read from /proc; empty: none.
  StoreMetrics(jobs::Store& store, std::string host);
  void write(MetricsText& text);

 private:
  struct RunningJob {
    jobs::JobRow row;
    Json data;  // of its latest metrics event
    std::int64_t memory_bytes = 0;
  };
  struct Answer {
    jobs::Statistics statistics;
    std::vector<RunningJob> running;
  };
  Result<Answer> ask();

  jobs::Store& store_;
  std::string host_;
  std::mutex mutex_;
  std::optional<Answer> answer_;  // none: the store did not answer
  std::optional<std::chrono::steady_clock::time_point> asked_;
};

void write_process_metrics(MetricsText& text);
void write_server_metrics(MetricsText& text, const ServerCounters& counters);
void write_webhook_metrics(MetricsText& text, const jobs::WebhookCounters& counters);
void write_tracker_metrics(MetricsText& text, const jobs::Trackers& trackers);

}  // namespace attune::serve
