// Everything between the head of a request and the response that needs no socket: which route, who
// asks, may they, how large may the body be, run the handler, remember its answer for a repeated
// Idempotency-Key, and the header fields that every answer carries.
//
// The connection goes through it in this order; each step may end the exchange with an answer:
//
//   Exchange exchange = dispatcher.begin(std::move(head), peer);   // route and framing
//   dispatcher.identify(exchange, false)  or, on a worker thread, (exchange, true)
//   dispatcher.admit(exchange);                                    // scope, rate, size of the body
//   ... read the body into exchange.request ...
//   Response response = dispatcher.run(exchange);                  // on
//   exchange.route->options.run dispatcher.dress(exchange, response);
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/clock.h"
#include "base/log.h"
#include "jobs/store.h"
#include "serve/auth.h"
#include "serve/http.h"
#include "serve/rate_limit.h"
#include "serve/request_parser.h"
#include "serve/router.h"
#include "serve/server.h"

namespace attune::serve {

struct Exchange {
  Request request;
  const Route* route = nullptr;
  std::vector<std::string> segments;
  bool head_only = false;  // HEAD
  bool has_body = false;   // the client sends one
  bool wants_continue = false;
  std::optional<std::int64_t> content_length;
  std::int64_t most_body_bytes = 0;
  std::optional<Response> answer;  // decided already: no more steps
  std::optional<RateState> rate;
  bool identified = false;
  Stopwatch clock = {};  // since the head was read

  Body body_kind() const { return route ? route->options.body : Body::none; }
  Run run_kind() const { return route ? route->options.run : Run::on_io_thread; }
};

class Dispatcher {
 public:
  Dispatcher(const Router& router, Authenticator& authenticator, jobs::Store& store,
             const Limits& limits, Log* log = nullptr);

  Exchange begin(RequestHead head, std::string peer);
  // False: not known yet; call again with `may_block` on a worker thread.
  bool identify(Exchange& exchange, bool may_block);
  void admit(Exchange& exchange);
  // Calls the handler; whatever it does, there is a response.
  Response run(Exchange& exchange);
  // Adds the fields that every answer carries.
  void dress(const Exchange& exchange, Response& response) const;

  static std::string new_request_id();

 private:
  void find_route(Exchange& exchange);
  void answer_options(Exchange& exchange, const std::vector<std::string>& allowed);
  void check_framing(Exchange& exchange, const RequestHead& head);
  Response run_handler(Exchange& exchange);
  Response run_once(Exchange& exchange, std::string_view key);

  void report(const Exchange& exchange, std::string_view fault) const;

  const Router& router_;
  Authenticator& authenticator_;
  jobs::Store& store_;
  Limits limits_;
  Log* log_;
  RateLimiter rates_;
  std::mutex mutex_;
  std::unordered_set<std::string> in_progress_;  // hashes of Idempotency-Keys
};

}  // namespace attune::serve
