// When a call is tried again and after how long: the rules of the official OpenAI SDKs
// (openai-python 3.3, src/openai/_base_client.py, read 2026-08-21), so that a server which suits
// them suits this client.
//
//   if (policy.should_retry(status, headers)) sleep(policy.delay(retries_made, headers, ...));
//
// Connection errors, 408, 409, 429 and 5xx are tried again; x-should-retry decides before the
// status does; a wait that the server asks for counts up to two minutes, and a longer one ends the
// call. Otherwise the wait is 0.5 s, 1 s, 2 s, ... at most 8 s, shortened by up to a quarter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune::client {

// Names compare without regard to letter case.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

// The value of the first header of that name.
std::optional<std::string> find_header(const HeaderList& headers, std::string_view name);

// Seconds that the answer asks to wait: retry-after-ms, else retry-after as a number or an HTTP
// date. `now` is Unix time.
std::optional<double> requested_wait(const HeaderList& headers, double now);

struct RetryPolicy {
  int most_retries = 2;
  double first_delay = 0.5;          // seconds
  double longest_delay = 8;          // seconds
  double longest_server_wait = 120;  // seconds

  bool should_retry(int status, const HeaderList& headers, double now) const;
  // `random` is in [0, 1); `retries_made` counts from 0.
  double delay(int retries_made, const HeaderList& headers, double now, double random) const;
};

}  // namespace attune::client
