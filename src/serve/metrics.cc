#include "serve/metrics.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace attune::serve {

namespace {

std::string label_value(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') {
      escaped += '\\';
      escaped += c;
    } else if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void write_histogram(MetricsText& text, const Histogram& histogram, std::string_view method,
                     std::string_view route) {
  // Read once, so that the buckets, the count and +Inf agree with one another.
  const auto cumulative = histogram.cumulative();
  for (std::size_t i = 0; i < cumulative.size(); ++i) {
    const std::string bound =
        i < Histogram::kBounds.size() ? number_text(Histogram::kBounds[i]) : "+Inf";
    if (method.empty()) {
      text.sample("_bucket", {{"le", bound}}, static_cast<double>(cumulative[i]));
    } else {
      text.sample("_bucket", {{"method", method}, {"route", route}, {"le", bound}},
                  static_cast<double>(cumulative[i]));
    }
  }
  const double count = static_cast<double>(cumulative.back());
  if (method.empty()) {
    text.sample("_sum", {}, histogram.sum_seconds());
    text.sample("_count", {}, count);
  } else {
    text.sample("_sum", {{"method", method}, {"route", route}}, histogram.sum_seconds());
    text.sample("_count", {{"method", method}, {"route", route}}, count);
  }
}

}  // namespace

void Histogram::observe(double seconds) {
  const auto* bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  const auto bucket = static_cast<std::size_t>(std::distance(kBounds.begin(), bound));
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  const double microseconds = std::clamp(seconds * 1e6, 0.0, 1e15);
  microseconds_.fetch_add(std::llround(microseconds), std::memory_order_relaxed);
}

std::array<std::int64_t, Histogram::kBounds.size() + 1> Histogram::cumulative() const {
  std::array<std::int64_t, kBounds.size() + 1> counts{};
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sum += buckets_[i].load(std::memory_order_relaxed);
    counts[i] = sum;
  }
  return counts;
}

std::int64_t Histogram::count() const { return cumulative().back(); }

double Histogram::sum_seconds() const {
  return static_cast<double>(microseconds_.load(std::memory_order_relaxed)) * 1e-6;
}

void RouteMetrics::observe(int status, double seconds, std::int64_t response_bytes) {
  const int known = std::clamp(status, kFirstStatus, kLastStatus);
  statuses_[static_cast<std::size_t>(known - kFirstStatus)].add();
  latency_.observe(seconds);
  response_bytes_.add(response_bytes);
}

std::int64_t RouteMetrics::requests(int status) const {
  if (status < kFirstStatus || status > kLastStatus) return 0;
  return statuses_[static_cast<std::size_t>(status - kFirstStatus)].value();
}

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void MetricsText::sample(std::string_view suffix, Labels labels, double value) {
  text_ += name_;
  text_ += suffix;
  if (labels.size() > 0) {
    char separator = '{';
    for (const auto& [name, label] : labels) {
      fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", separator, name, label_value(label));
      separator = ',';
    }
    text_ += '}';
  }
  text_ += ' ';
  text_ += number_text(value);
  text_ += '\n';
}

void MetricsText::counter(std::string_view name, std::string_view help, double value) {
  family(name, "counter", help);
  sample({}, value);
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value) {
  family(name, "gauge", help);
  sample({}, value);
}

ServerMetrics::ServerMetrics() : unmatched_(&route("", "unmatched")) {}

RouteMetrics& ServerMetrics::route(std::string_view method, std::string_view pattern) {
  const std::lock_guard lock(mutex_);
  for (RouteMetrics& known : routes_)
    if (known.method() == method && known.pattern() == pattern) return known;
  return routes_.emplace_back(std::string(method), std::string(pattern));
}

void ServerMetrics::add_source(Source source) {
  const std::lock_guard lock(mutex_);
  sources_.push_back(std::move(source));
}

void ServerMetrics::render_routes(MetricsText& text) const {
  text.family("attune_http_requests_total", "counter", "Requests answered.");
  for (const RouteMetrics& route : routes_) {
    for (int status = RouteMetrics::kFirstStatus; status <= RouteMetrics::kLastStatus; ++status) {
      const std::int64_t requests = route.requests(status);
      if (requests == 0) continue;
      text.sample({{"method", route.method()},
                   {"route", route.pattern()},
                   {"status", fmt::format("{}", status)}},
                  static_cast<double>(requests));
    }
  }
  text.family("attune_http_request_duration_seconds", "histogram",
              "Time from the head of a request to the end of its answer.");
  for (const RouteMetrics& route : routes_)
    if (route.latency().count() > 0)
      write_histogram(text, route.latency(), route.method().empty() ? "-" : route.method(),
                      route.pattern());
  text.family("attune_http_response_bytes_total", "counter", "Bytes of answers' bodies.");
  for (const RouteMetrics& route : routes_)
    if (route.latency().count() > 0)
      text.sample({{"method", route.method()}, {"route", route.pattern()}},
                  static_cast<double>(route.response_bytes()));
}

void ServerMetrics::render_server(MetricsText& text) const {
  text.family("attune_inference_tokens_total", "counter",
              "Tokens read (prompt) and written (generated) by inference; rate() gives tokens/s.");
  text.sample({{"kind", "prompt"}}, static_cast<double>(prompt_tokens.value()));
  text.sample({{"kind", "generated"}}, static_cast<double>(generated_tokens.value()));
  text.gauge("attune_inference_generations", "Answers being generated now.",
             static_cast<double>(generations + background));
  text.family("attune_inference_first_token_seconds", "histogram",
              "Time from a request to its first token.");
  write_histogram(text, first_token, {}, {});
}

std::string ServerMetrics::render() {
  MetricsText text;
  std::vector<Source> sources;
  {
    const std::lock_guard lock(mutex_);
    render_routes(text);
    sources = sources_;
  }
  render_server(text);
  for (const Source& source : sources) source(text);
  return text.text();
}

}  // namespace attune::serve
