#include "client/retry.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include <curl/curl.h>
#include <strings.h>

namespace attune::client {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<double> number(std::string_view text) {
  text = trimmed(text);
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::string> find_header(const HeaderList& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0)
      return value;
  }
  return std::nullopt;
}

std::optional<double> requested_wait(const HeaderList& headers, double now) {
  if (const auto milliseconds = find_header(headers, "retry-after-ms")) {
    if (const auto value = number(*milliseconds)) return *value / 1000;
  }
  const auto text = find_header(headers, "retry-after");
  if (!text) return std::nullopt;
  if (const auto seconds = number(*text)) return seconds;
  const std::time_t date = curl_getdate(text->c_str(), nullptr);
  if (date == -1) return std::nullopt;
  return static_cast<double>(date) - now;
}

bool RetryPolicy::should_retry(int status, const HeaderList& headers, double now) const {
  if (const auto wait = requested_wait(headers, now); wait && *wait > longest_server_wait)
    return false;
  const auto wish = find_header(headers, "x-should-retry");
  if (wish == "true") return true;
  if (wish == "false") return false;
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

double RetryPolicy::delay(int retries_made, const HeaderList& headers, double now,
                          double random) const {
  if (const auto wait = requested_wait(headers, now);
      wait && *wait > 0 && *wait <= longest_server_wait) {
    return *wait;
  }
  const double doubled = first_delay * std::pow(2.0, std::min(retries_made, 1000));
  return std::min(doubled, longest_delay) * (1 - 0.25 * random);
}

}  // namespace attune::client
