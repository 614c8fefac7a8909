#include "serve/rate_limit.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace attune::serve {

namespace {
constexpr std::size_t kMostBuckets = 20'000;
constexpr double kMinute = 60;
}  // namespace

RateState RateLimiter::take(const std::string& who, std::int64_t per_minute, double now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kMostBuckets) drop_full_buckets(now);
  const double capacity = static_cast<double>(std::max<std::int64_t>(per_minute, 1));
  const double per_second = capacity / kMinute;
  auto [found, is_new] = buckets_.try_emplace(who, Bucket{capacity, now});
  Bucket& bucket = found->second;
  bucket.tokens = std::min(capacity, bucket.tokens + (now - bucket.filled_at) * per_second);
  bucket.filled_at = now;
  RateState state;
  state.limit = per_minute;
  state.allowed = bucket.tokens >= 1;
  if (state.allowed) bucket.tokens -= 1;
  state.remaining = static_cast<std::int64_t>(std::max(bucket.tokens, 0.0));
  state.reset_seconds = (capacity - bucket.tokens) / per_second;
  state.wait_seconds = state.allowed ? 0 : (1 - bucket.tokens) / per_second;
  return state;
}

// A bucket that nobody touched for a minute is full, as a new one would be.
void RateLimiter::drop_full_buckets(double now) {
  std::erase_if(buckets_,
                [&](const auto& entry) { return now - entry.second.filled_at >= kMinute; });
  if (buckets_.size() >= kMostBuckets) buckets_.clear();  // thousands of addresses at once
}

std::string duration_text(double seconds) {
  const auto milliseconds = static_cast<std::int64_t>(std::ceil(std::max(seconds, 0.0) * 1000));
  if (milliseconds < 1000) return fmt::format("{}ms", milliseconds);
  const std::int64_t whole = (milliseconds + 999) / 1000;
  if (whole < 60) return fmt::format("{}s", whole);
  return fmt::format("{}m{}s", whole / 60, whole % 60);
}

}  // namespace attune::serve
