// Numbers about the running server for Prometheus: counters that the hot path may touch, and the
// text of GET /metrics.
//
//   ServerMetrics metrics;
//   RouteMetrics& route = metrics.route("GET", "/v1/files/{file_id}");  // once, when it is added
//   route.observe(200, seconds, response_bytes);                        // in each request: atomics
//   metrics.add_source([&](MetricsText& text) { ... });                 // asked at each scrape
//   std::string body = metrics.render();
//
// What is known to other parts (the store, the server's sockets, the webhook sender) is written by
// a source when somebody asks: metrics_sources.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune::serve {

// Only goes up.
class Counter {
 public:
  void add(std::int64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// How many durations fell under each bound, in seconds. The sum is kept in whole microseconds, so
// that adding is one atomic addition.
class Histogram {
 public:
  static constexpr std::array<double, 14> kBounds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60};
  void observe(double seconds);
  std::int64_t count() const;
  double sum_seconds() const;
  // Cumulative counts for kBounds and, last, for +Inf.
  std::array<std::int64_t, kBounds.size() + 1> cumulative() const;

 private:
  std::array<std::atomic<std::int64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<std::int64_t> microseconds_{0};
};

// One route, whatever its parameters: the number of time series does not grow with use.
class RouteMetrics {
 public:
  RouteMetrics(std::string method, std::string pattern)
      : method_(std::move(method)), pattern_(std::move(pattern)) {}
  void observe(int status, double seconds, std::int64_t response_bytes);

  const std::string& method() const { return method_; }
  const std::string& pattern() const { return pattern_; }
  const Histogram& latency() const { return latency_; }
  std::int64_t response_bytes() const { return response_bytes_.value(); }
  std::int64_t requests(int status) const;
  static constexpr int kFirstStatus = 100, kLastStatus = 599;

 private:
  std::string method_, pattern_;
  std::array<Counter, kLastStatus - kFirstStatus + 1> statuses_{};
  Histogram latency_;
  Counter response_bytes_;
};

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Writes Prometheus' text format, version 0.0.4. A family is begun, then its samples follow.
class MetricsText {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(Labels labels, double value) { sample({}, labels, value); }
  // `suffix` is "_bucket", "_sum" or "_count" for a histogram.
  void sample(std::string_view suffix, Labels labels, double value);
  void counter(std::string_view name, std::string_view help, double value);
  void gauge(std::string_view name, std::string_view help, double value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string name_;  // of the family
};

class ServerMetrics {
 public:
  ServerMetrics();

  // The same route gives the same object, which stays where it is.
  RouteMetrics& route(std::string_view method, std::string_view pattern);
  // Requests that no route answered: unknown paths, malformed HTTP.
  RouteMetrics& unmatched() { return *unmatched_; }

  Counter prompt_tokens;                     // inference: read
  Counter generated_tokens;                  // inference: written
  Histogram first_token;                     // from the request to the first token
  std::atomic<std::int64_t> generations{0};  // of requests, going on now
  std::atomic<std::int64_t> background{0};   // that no request waits for: items of eval runs

  using Source = std::function<void(MetricsText&)>;
  void add_source(Source source);

  std::string render();

 private:
  void render_routes(MetricsText& text) const;
  void render_server(MetricsText& text) const;

  mutable std::mutex mutex_;  // of the two lists; never taken in a request
  std::list<RouteMetrics> routes_;
  std::vector<Source> sources_;
  RouteMetrics* unmatched_;
};

}  // namespace attune::serve
