// The three measures of the load generator. Each runs on one thread over epoll.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "load/connection.h"

namespace attune::load {

struct RequestsOptions {
  std::string path;
  std::string key;  // Bearer; empty: none
  std::int64_t connections = 32;
  std::int64_t pipeline = 1;  // requests under way on one connection
  double warm_up_seconds = 1;
  double seconds = 5;
};
struct RequestsResult {
  std::int64_t answers = 0;
  std::int64_t failures = 0;  // a status other than 200, or a connection lost
  double seconds = 0;
  double per_second = 0;
  double p50_ms = 0, p90_ms = 0, p99_ms = 0, p999_ms = 0, longest_ms = 0;
};
// The same GET over and over, on connections that stay open; as fast as answers come.
Result<RequestsResult> measure_requests(const Address& address, const RequestsOptions& options);

struct StreamsOptions {
  std::string path;
  std::string key;
  std::int64_t streams = 2000;
  double idle_seconds = 2;  // after all are open, before the trigger
  double seconds = 5;       // for the events after the trigger
  // "POST /v1/fine_tuning/jobs/ftjob-x/cancel": sent once; its events are timed. Empty: none.
  std::string trigger;
};
struct FanOut {
  std::string event;         // its id
  std::int64_t streams = 0;  // that got it
  std::int64_t repeats = 0;  // streams that got it more than once
  double first_ms = 0;       // since the trigger
  double last_ms = 0;
};
struct StreamsResult {
  std::int64_t opened = 0;
  std::int64_t lost = 0;  // closed before the end
  double open_seconds = 0;
  std::vector<FanOut> events;  // that arrived after the trigger, in the order of first arrival
};
// Many event streams of one job at the same time. `idle` is called when all are open and nothing
// has been asked for: the moment to look at the server's memory.
Result<StreamsResult> measure_streams(const Address& address, const StreamsOptions& options);

struct UploadOptions {
  std::int64_t bytes = std::int64_t{2} << 30;
  std::string key;
};
struct UploadResult {
  int status = 0;
  double seconds = 0;
  double megabytes_per_second = 0;
  std::string answer;
};
// One POST /v1/files of that size: training rows, made while they are sent.
Result<UploadResult> measure_upload(const Address& address, const UploadOptions& options);

// "GET PATH HTTP/1.1 ..." with the headers that every request of this program has.
std::string request_head(const Address& address, const std::string& line, const std::string& key,
                         const std::string& more = {});

}  // namespace attune::load
