#include "client/session.h"

#include <random>

#include <fmt/format.h>

namespace attune::client {

namespace {

std::string beginning_of(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 60))
    shown += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
  return shown;
}

}  // namespace

Session::Session(Endpoint endpoint, HttpOptions options)
    : endpoint_(std::move(endpoint)), options_(options), http_(std::move(options)) {}

std::string Session::address(const std::string& path, const QueryList& query) const {
  QueryList all = endpoint_.query;
  all.insert(all.end(), query.begin(), query.end());
  const bool whole = path.starts_with("http://") || path.starts_with("https://");
  return (whole ? path : endpoint_.url.base() + path) + encode_query(all);
}

Reply<HttpResponse> Session::finish(const HttpRequest& request) {
  const std::string where = request.method + " " + shown_url(request.url);
  HttpOutcome outcome = http_.send(request);
  if (!outcome) return CallRefused(explain_no_answer(outcome.error(), where));
  if (outcome->status >= 400) return CallRefused(read_refusal(*outcome, where, endpoint_.secrets));
  if (outcome->status >= 300) {
    CallFailure moved = unexpected_answer(
        where,
        fmt::format("HTTP {} (moved to {})", outcome->status,
                    shown_url(find_header(outcome->headers, "location").value_or("?"))),
        "an answer");
    moved.fix = "give the new address as --endpoint";
    return CallRefused(std::move(moved));
  }
  return *std::move(outcome);
}

Reply<HttpResponse> Session::exchange(HttpRequest request, const std::string& path,
                                      const QueryList& query) {
  request.url = address(path, query);
  request.headers.insert(request.headers.end(), endpoint_.headers.begin(), endpoint_.headers.end());
  if (request.url.starts_with(endpoint_.url.origin() + "/"))
    request.secret_headers = endpoint_.secret_headers;
  if (request.method == "POST")
    request.headers.emplace_back("Idempotency-Key", new_idempotency_key());
  return finish(request);
}

Reply<HttpResponse> Session::exchange_elsewhere(HttpRequest request) { return finish(request); }

Reply<Json> Session::json_answer(HttpRequest request, const std::string& path,
                                 const QueryList& query) {
  request.headers.emplace_back("Accept", "application/json");
  const std::string where = request.method + " " + shown_url(address(path, query));
  Reply<HttpResponse> response = exchange(std::move(request), path, query);
  if (!response) return CallRefused(std::move(response).error());
  if (response->body.empty()) return Json::object();
  auto value = parse_json(response->body, "answer");
  if (value && (value->is_object() || value->is_array())) return *std::move(value);
  return CallRefused(unexpected_answer(where, fmt::format("\"{}\"", beginning_of(response->body)),
                                       "a JSON object"));
}

Reply<Json> Session::get(const std::string& path, const QueryList& query) {
  return json_answer({.method = "GET", .url = {}}, path, query);
}

Reply<Json> Session::post(const std::string& path, const Json& body) {
  HttpRequest request{.method = "POST", .url = {}};
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = to_text(body);
  return json_answer(std::move(request), path, {});
}

Reply<Json> Session::remove(const std::string& path) {
  return json_answer({.method = "DELETE", .url = {}}, path, {});
}

Reply<Json> Session::post_form(const std::string& path, std::vector<FormField> form,
                               std::function<void(std::int64_t)> on_sent) {
  HttpRequest request{.method = "POST", .url = {}};
  request.form = std::move(form);
  request.on_sent = std::move(on_sent);
  request.total_seconds = 0;  // a large file may take hours; the idle limit watches over it
  return json_answer(std::move(request), path, {});
}

Reply<void> Session::download(const std::string& path,
                              const std::function<bool(std::string_view)>& sink) {
  HttpRequest request{.method = "GET", .url = {}};
  request.on_body = sink;
  request.total_seconds = 0;
  return exchange(std::move(request), path).map([](const HttpResponse&) {});
}

std::string new_idempotency_key() {
  std::random_device random;
  return fmt::format("attune-{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

}  // namespace attune::client
