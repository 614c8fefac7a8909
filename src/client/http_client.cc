// The calls: attempts, redirects, retries. http_transfer.h is the part that speaks to libcurl.
#include "client/http_client.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "client/http_transfer.h"
#include "client/url.h"

namespace attune::client {

namespace {

constexpr int kMostRedirects = 5;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

Waiting Waiting::real() {
  return {.sleep =
              [](double seconds) {
                std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
              },
          .random =
              [] {
                static thread_local std::mt19937_64 engine{std::random_device{}()};
                return std::uniform_real_distribution<double>(0, 1)(engine);
              },
          .now =
              [] {
                return std::chrono::duration<double>(
                           std::chrono::system_clock::now().time_since_epoch())
                    .count();
              }};
}

struct HttpClient::Handle {
  CurlHandle curl;
};

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)), handle_(std::make_unique<Handle>()) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

HttpOutcome HttpClient::attempt(const HttpRequest& request) {
  return transfer(handle_->curl, request,
                  {.connect_seconds = options_.connect_seconds,
                   .most_body_bytes = options_.most_body_bytes,
                   .user_agent = options_.user_agent});
}

HttpOutcome HttpClient::follow_redirects(HttpRequest request) {
  HttpOutcome outcome = attempt(request);
  for (int redirects = 0; redirects < kMostRedirects; ++redirects) {
    if (!outcome || !is_redirect(outcome->status) || request.method != "GET") return outcome;
    const auto location = find_header(outcome->headers, "location");
    if (!location) return outcome;
    const std::string target = resolve_location(request.url, *location);
    const auto from = Url::parse(request.url, "address");
    const auto to = Url::parse(target, "location");
    if (!from || !to) return outcome;
    // An address that was asked over TLS never goes on without it.
    if (from->scheme == "https" && to->scheme != "https") return outcome;
    if (from->origin() != to->origin()) request.secret_headers.clear();
    request.url = target;
    outcome = attempt(request);
  }
  return outcome;
}

HttpOutcome HttpClient::send(const HttpRequest& request) {
  const int most_retries = request.retry ? options_.retries.most_retries : 0;
  for (int retries = 0;; ++retries) {
    HttpOutcome outcome = follow_redirects(request);
    HeaderList headers;
    bool again = retries < most_retries;
    if (outcome) {
      outcome->retries = retries;
      headers = outcome->headers;
      again =
          again && options_.retries.should_retry(outcome->status, headers, options_.waiting.now());
    } else {
      outcome.error().retries = retries;
      const NoAnswer& fault = outcome.error();
      again = again && !fault.stopped && !fault.began && !fault.local_fault;
    }
    if (!again || (outcome && outcome->status < 400)) return outcome;
    const double delay =
        options_.retries.delay(retries, headers, options_.waiting.now(), options_.waiting.random());
    if (!wait(delay, request.stop)) return outcome;
  }
}

// In slices, so that `stop` ends it soon; false when it did.
bool HttpClient::wait(double seconds, const std::atomic<bool>* stop) {
  if (stop == nullptr) {
    options_.waiting.sleep(seconds);
    return true;
  }
  constexpr double kSlice = 0.1;
  for (double left = seconds; left > 0; left -= kSlice) {
    if (stop->load()) return false;
    options_.waiting.sleep(std::min(left, kSlice));
  }
  return !stop->load();
}

}  // namespace attune::client
