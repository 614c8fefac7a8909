// Calls to one endpoint: its address, its key and its JSON. What the clients of the dialects
// (open_ai_client.cc, together_client.cc, fireworks_client.cc) stand on.
//
//   Reply<Json> job = session.get("/fine_tuning/jobs/" + encode_segment(id));
//
// Each POST carries an Idempotency-Key that its retries repeat: a server that honours it (ours
// does) starts one job for a call that is sent twice; others ignore it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/call.h"
#include "client/http_client.h"
#include "client/provider.h"
#include "io/json.h"

namespace attune::client {

class Session {
 public:
  Session(Endpoint endpoint, HttpOptions options);

  const Endpoint& endpoint() const { return endpoint_; }
  const ProviderRules& rules() const { return *endpoint_.rules; }

  // `path` is below the endpoint's base and percent-encoded, or a whole address of the same
  // provider.
  Reply<Json> get(const std::string& path, const QueryList& query = {});
  Reply<Json> post(const std::string& path, const Json& body);
  Reply<Json> remove(const std::string& path);
  Reply<Json> post_form(const std::string& path, std::vector<FormField> form,
                        std::function<void(std::int64_t)> on_sent = {});
  // Raw bytes of a GET, handed on as they come. A sink that returns false ends the call.
  Reply<void> download(const std::string& path, const std::function<bool(std::string_view)>& sink);

  // Any exchange: the address and the key are added, an answer of 400 and above is a failure.
  Reply<HttpResponse> exchange(HttpRequest request, const std::string& path,
                               const QueryList& query = {});
  // An exchange with another host, for example signed storage: no key goes there.
  Reply<HttpResponse> exchange_elsewhere(HttpRequest request);

  std::string address(const std::string& path, const QueryList& query = {}) const;
  void sleep(double seconds) const { options_.waiting.sleep(seconds); }
  double now() const { return options_.waiting.now(); }

 private:
  Reply<Json> json_answer(HttpRequest request, const std::string& path, const QueryList& query);
  Reply<HttpResponse> finish(const HttpRequest& request);

  Endpoint endpoint_;
  HttpOptions options_;
  HttpClient http_;
};

// "attune-" and 32 random hexadecimal digits.
std::string new_idempotency_key();

}  // namespace attune::client
