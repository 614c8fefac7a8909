#include "client/api_client.h"

#include <fmt/format.h>

#include "client/fireworks_client.h"
#include "client/open_ai_client.h"
#include "client/together_client.h"

namespace attune::client {

std::unique_ptr<ApiClient> make_client(Endpoint endpoint, HttpOptions http) {
  const Dialect dialect = endpoint.rules->dialect;
  Session session(std::move(endpoint), std::move(http));
  switch (dialect) {
    case Dialect::together:
      return std::make_unique<TogetherClient>(std::move(session));
    case Dialect::fireworks:
      return std::make_unique<FireworksClient>(std::move(session));
    case Dialect::openai:
      break;
  }
  return std::make_unique<OpenAiClient>(std::move(session));
}

Result<std::unique_ptr<ApiClient>> connect(const EndpointOptions& options, HttpOptions http) {
  ATTUNE_TRY(Endpoint endpoint, resolve_endpoint(options, process_environment()));
  return make_client(std::move(endpoint), std::move(http));
}

CallFailure missing_call(const Endpoint& endpoint, std::string_view what) {
  CallFailure failure;
  failure.where = endpoint.url.base();
  failure.message = fmt::format("{} has no call to {}", endpoint.rules->name, what);
  failure.fix = "use the provider's own pages";
  failure.local_fault = true;
  return failure;
}

Reply<Received<wire::FileObject>> wait_for_file(ApiClient& api, const std::string& id,
                                                double seconds,
                                                const std::function<void(double)>& sleep) {
  constexpr double kPause = 5;  // as the official SDKs
  double pause = 0.2;           // most servers are done at once
  for (double waited = 0;; waited += pause, pause = std::min(kPause, 2 * pause)) {
    auto file = api.file(id);
    if (!file) return file;
    const std::string& status = file->value.status;
    if (status != "uploaded" && status != "pending" && status != "running") return file;
    if (waited >= seconds) {
      CallFailure failure;
      failure.where = "file " + id;
      failure.message = fmt::format("still being processed after {:.0f} s", waited);
      failure.fix = "wait and look again with `attune files show`";
      return CallRefused(std::move(failure));
    }
    sleep(pause);
  }
}

}  // namespace attune::client
