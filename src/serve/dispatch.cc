#include "serve/dispatch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>

#include <fmt/format.h>

#include "io/sha256.h"
#include "wire/ids.h"

namespace attune::serve {

namespace {

constexpr std::size_t kLongestIdempotencyKey = 256;
constexpr std::size_t kMostRememberedBytes = 1 << 20;

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// The methods that a path answers, with HEAD and OPTIONS, each once.
std::vector<std::string> all_methods(std::vector<std::string> methods) {
  if (std::find(methods.begin(), methods.end(), "GET") != methods.end()) methods.push_back("HEAD");
  methods.push_back("OPTIONS");
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  return methods;
}

Response error_response(const ApiError& error) { return Response::from_error(error); }

// What was asked for, as bytes that are equal if and only if the requests are.
std::string body_hash(const Request& request) {
  Sha256 hash;
  const auto add = [&](std::string_view text) {
    hash.add(fmt::format("{}:", text.size()));
    hash.add(text);
  };
  add(request.method);
  add(request.target);
  add(request.body);
  for (const Part& part : request.parts) {
    add(part.name);
    add(part.filename.value_or(""));
    add(part.file ? part.content_hash : part.value);
  }
  return hash.finish();
}

}  // namespace

Dispatcher::Dispatcher(const Router& router, Authenticator& authenticator, jobs::Store& store,
                       const Limits& limits, Log* log)
    : router_(router), authenticator_(authenticator), store_(store), limits_(limits), log_(log) {}

void Dispatcher::report(const Exchange& exchange, std::string_view fault) const {
  if (!log_) return;
  log_->error(fault, {{"http.request.id", exchange.request.request_id},
                      {"http.request.method", exchange.request.method},
                      {"http.route", exchange.route ? exchange.route->pattern : std::string()}});
}

std::string Dispatcher::new_request_id() { return wire::new_id("req_"); }

Exchange Dispatcher::begin(RequestHead head, std::string peer) {
  Exchange exchange;
  exchange.head_only = head.method == "HEAD";
  exchange.has_body = head.has_body();
  exchange.wants_continue = head.expects_continue && head.has_body();
  exchange.content_length = head.content_length;
  Request& request = exchange.request;
  request.method = exchange.head_only ? "GET" : head.method;
  request.target = head.target;
  request.headers = std::move(head.headers);
  request.peer = std::move(peer);
  request.request_id = new_request_id();
  if (head.method == "OPTIONS" && head.target == "*") {
    answer_options(exchange, {"DELETE", "GET", "HEAD", "OPTIONS", "POST"});
    return exchange;
  }
  Answer<Target> target = parse_target(head.target);
  if (!target) {
    exchange.answer = error_response(target.error());
    return exchange;
  }
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  exchange.segments = std::move(target->segments);
  find_route(exchange);
  if (!exchange.answer) check_framing(exchange, head);
  return exchange;
}

void Dispatcher::answer_options(Exchange& exchange, const std::vector<std::string>& allowed) {
  Response response;
  response.status = 204;
  response.headers.add("allow", joined(allowed));
  if (exchange.request.headers.find("access-control-request-method")) {
    response.headers.add("access-control-allow-methods", joined(allowed));
    response.headers.add("access-control-allow-headers",
                         "authorization, content-type, api-key, idempotency-key, last-event-id, "
                         "openai-organization, openai-project, x-stainless-arch, x-stainless-lang, "
                         "x-stainless-os, x-stainless-package-version, x-stainless-retry-count, "
                         "x-stainless-runtime, x-stainless-runtime-version, x-stainless-timeout");
    response.headers.add("access-control-max-age", "600");
  }
  exchange.answer = std::move(response);
}

void Dispatcher::find_route(Exchange& exchange) {
  Request& request = exchange.request;
  auto found = router_.match(request.method, exchange.segments);
  if (auto* match = std::get_if<Match>(&found)) {
    exchange.route = match->route;
    request.parameters = std::move(match->parameters);
    const std::int64_t own = match->route->options.max_body_bytes;
    exchange.most_body_bytes = own > 0 ? own
                               : match->route->options.body == Body::multipart
                                   ? limits_.multipart_bytes
                                   : limits_.json_bytes;
    return;
  }
  const std::vector<std::string>& allowed = std::get<NoMatch>(found).allowed;
  if (allowed.empty()) {
    exchange.answer = error_response(
        {.status = 404,
         .message = fmt::format("Unknown request URL: {} {}. Please check the URL for typos, or "
                                "see /openapi.json for what this server answers.",
                                request.method, request.path),
         .code = "unknown_url"});
    return;
  }
  if (request.method == "OPTIONS") {
    answer_options(exchange, all_methods(allowed));
    return;
  }
  exchange.answer = error_response(
      {.status = 405,
       .message = fmt::format("Not allowed to {} on {}.", request.method, request.path),
       .code = "method_not_supported"});
  exchange.answer->headers.add("allow", joined(all_methods(allowed)));
}

void Dispatcher::check_framing(Exchange& exchange, const RequestHead& head) {
  const Headers& headers = exchange.request.headers;
  const auto encoding = headers.find("content-encoding");
  if (encoding && !equal_ignoring_case(*encoding, "identity")) {
    exchange.answer =
        error_response({.status = 415,
                        .message = fmt::format("Content-Encoding '{}' is not supported: send "
                                               "the body as it is.",
                                               *encoding),
                        .code = "unsupported_content_encoding"});
    return;
  }
  if (exchange.body_kind() != Body::none && head.content_length.value_or(0) == 0 && !head.chunked &&
      headers.find("content-type") && !head.content_length) {
    exchange.answer = error_response({.status = 411,
                                      .message = "The request has a Content-Type but neither a "
                                                 "Content-Length nor chunks.",
                                      .code = "length_required"});
  }
}

bool Dispatcher::identify(Exchange& exchange, bool may_block) {
  if (exchange.identified || !exchange.route || !exchange.route->options.needs_key) return true;
  Request& request = exchange.request;
  std::optional<Answer<Principal>> known;
  if (may_block)
    known = authenticator_.authenticate(request.headers, request.peer);
  else
    known = authenticator_.recall(request.headers, request.peer);
  if (!known) return false;
  exchange.identified = known->has_value();
  if (*known)
    request.principal = std::move(**known);
  else
    exchange.answer = error_response(known->error());
  return true;
}

void Dispatcher::admit(Exchange& exchange) {
  if (!exchange.route) return;
  const Request& request = exchange.request;
  const Principal& principal = request.principal;
  if (exchange.route->options.needs_key) {
    const std::string& who = principal.key_id.empty() ? request.peer : principal.key_id;
    exchange.rate =
        rates_.take(who, principal.requests_per_minute.value_or(limits_.requests_per_minute),
                    monotonic_seconds());
    if (!exchange.rate->allowed) {
      const double wait = exchange.rate->wait_seconds;
      const auto refusal = wire::too_many_requests(
          fmt::format("Rate limit reached for requests: limit {} a minute. Please try again in {}.",
                      exchange.rate->limit, duration_text(wait)),
          static_cast<int>(std::ceil(wait)));
      exchange.answer = error_response(refusal);
      return;
    }
    if (!principal.may(exchange.route->scope)) {
      const auto refusal = wire::forbidden(
          fmt::format("You have insufficient permissions for this operation. Missing scope: {}.",
                      exchange.route->scope));
      exchange.answer = error_response(refusal);
      return;
    }
  }
  if (exchange.body_kind() != Body::none &&
      exchange.content_length.value_or(0) > exchange.most_body_bytes) {
    const auto refusal =
        wire::too_large(fmt::format("The body of the request has {} bytes; the limit is {}.",
                                    *exchange.content_length, exchange.most_body_bytes));
    exchange.answer = error_response(refusal);
  }
}

// ---- the handler ----

Response Dispatcher::run_handler(Exchange& exchange) {
  try {
    Answer<Response> answer = exchange.route->handler(exchange.request);
    if (answer) return std::move(*answer);
    if (answer.error().status >= 500) report(exchange, answer.error().message);
    return error_response(answer.error());
  } catch (const std::exception& error) {
    // A handler throws only by our own mistake, or when memory ran out. The client learns the id.
    report(exchange, error.what());
    return error_response(
        wire::server_error(fmt::format("The server had an error while processing your request. The "
                                       "server's log has more under {}.",
                                       exchange.request.request_id)));
  }
}

Response Dispatcher::run(Exchange& exchange) {
  const Request& request = exchange.request;
  const auto key = request.headers.find("idempotency-key");
  if (!key || request.method != "POST" || !exchange.route->options.remembers)
    return run_handler(exchange);
  if (key->empty() || key->size() > kLongestIdempotencyKey)
    return error_response(
        {.message = fmt::format("The Idempotency-Key must have 1 to {} characters.",
                                kLongestIdempotencyKey),
         .code = "invalid_idempotency_key"});
  const jobs::Tenant& tenant = request.principal.tenant;
  const std::string hash =
      sha256(fmt::format("{}\n{}\n{}", tenant.organization, tenant.project, *key));
  {
    const std::lock_guard lock(mutex_);
    if (!in_progress_.insert(hash).second)
      return error_response(
          {.status = 409,
           .message = "A request with this Idempotency-Key is being answered just now.",
           .code = "idempotency_key_in_use",
           .retry_after_seconds = 1});
  }
  Response response = run_once(exchange, hash);
  const std::lock_guard lock(mutex_);
  in_progress_.erase(hash);
  return response;
}

namespace {

Response replay(const jobs::Remembered& before, const std::string& asked) {
  if (before.body_hash != asked)
    return error_response({.status = 409,
                           .message = "This Idempotency-Key was used before, with another request.",
                           .code = "idempotency_key_reused"});
  Response response = Response::json_text(before.body, static_cast<int>(before.status));
  response.headers.add("idempotent-replayed", "true");
  return response;
}

}  // namespace

Response Dispatcher::run_once(Exchange& exchange, std::string_view key) {
  Request& request = exchange.request;
  const std::string asked = body_hash(request);
  auto before = store_.recall(request.principal.tenant, key);
  if (!before) return error_response(wire::from_error(before.error()));
  if (*before) return replay(**before, asked);
  request.remember = jobs::Remembered{std::string(key), asked, 200, {}};
  Response response = run_handler(exchange);
  const bool is_plain = !response.is_stream() && !response.file && !response.shared_body;
  if (request.remembered || !is_plain || response.status >= 300 ||
      response.body.size() > kMostRememberedBytes)
    return response;
  request.remember->status = response.status;
  request.remember->body = response.body;
  const auto stored = store_.remember(request.principal.tenant, *request.remember);
  if (!stored) {
    // What was asked for is done. Not to say so would make the client ask again.
    report(exchange, "the answer could not be remembered: " + stored.error().message());
    return response;
  }
  // Another server answered the same key first.
  if (stored->body_hash != asked || stored->body != response.body) return replay(*stored, asked);
  return response;
}

// ---- header fields ----

void Dispatcher::dress(const Exchange& exchange, Response& response) const {
  const Request& request = exchange.request;
  Headers& headers = response.headers;
  headers.add("x-request-id", request.request_id);
  headers.add("openai-version", "2020-10-01");
  headers.add("openai-processing-ms",
              std::to_string(static_cast<std::int64_t>(exchange.clock.seconds() * 1000)));
  if (exchange.identified)
    headers.add("openai-organization", request.principal.tenant.organization);
  if (exchange.rate) {
    headers.add("x-ratelimit-limit-requests", std::to_string(exchange.rate->limit));
    headers.add("x-ratelimit-remaining-requests", std::to_string(exchange.rate->remaining));
    headers.add("x-ratelimit-reset-requests", duration_text(exchange.rate->reset_seconds));
  }
  headers.add("x-content-type-options", "nosniff");
  const auto origin = request.headers.find("origin");
  if (!origin) return;
  // With a key, a page of any origin may ask: it must know the key, and there are no cookies.
  // Without one, only pages of this machine get so far.
  headers.add("access-control-allow-origin", "*");
  headers.add("access-control-expose-headers",
              "x-request-id, openai-processing-ms, openai-version, openai-organization, "
              "retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
              "x-ratelimit-reset-requests");
}

}  // namespace attune::serve
