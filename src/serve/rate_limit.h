// How many requests a client may make: a bucket for each key (or address) that fills evenly and
// holds one minute's worth.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace attune::serve {

struct RateState {
  bool allowed = true;
  std::int64_t limit = 0;      // a minute
  std::int64_t remaining = 0;  // now
  double reset_seconds = 0;    // until the bucket is full
  double wait_seconds = 0;     // until the next request is allowed; 0 if it is
};

class RateLimiter {
 public:
  // Counts one request of `who` at `now` (seconds on a clock that never goes back).
  RateState take(const std::string& who, std::int64_t per_minute, double now);

 private:
  struct Bucket {
    double tokens = 0;
    double filled_at = 0;
  };
  void drop_full_buckets(double now);
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

// As x-ratelimit-reset-requests says it: "12ms", "1s", "6m0s".
std::string duration_text(double seconds);

}  // namespace attune::serve
