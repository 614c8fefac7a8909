// Who sends a request: API keys (Authorization: Bearer KEY, or api-key: KEY), and what is allowed
// without one.
//
// As long as the store has no key, clients on this machine need none and are the local tenant. A
// browser on this machine also runs pages of strangers, so without a key a request must name a
// local host and come from no foreign origin. Once there is a key, every request needs one.
//
//   if (auto known = authenticator.recall(headers, peer)) return *known;   // no database
//   return authenticator.authenticate(headers, peer);                      // may block
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jobs/store.h"
#include "serve/http.h"

namespace attune::serve {

class Authenticator {
 public:
  explicit Authenticator(jobs::Store& store);
  ~Authenticator();

  // What was found out in the last second.
  std::optional<Answer<Principal>> recall(const Headers& headers, std::string_view peer);
  Answer<Principal> authenticate(const Headers& headers, std::string_view peer);
  // After a key was made or revoked by this process; others are seen within a second.
  void forget();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The scopes that a key may have: "all", "read", areas and areas with an action.
bool is_scope(std::string_view scope);

// A new key and its row; the key itself is shown once and never stored.
struct NewKey {
  std::string key;
  jobs::KeyRow row;
};
NewKey make_key(const jobs::Tenant& tenant, std::string name, std::vector<std::string> scopes,
                std::int64_t now, std::optional<std::int64_t> expires_at);

// "127.0.0.1", "127.1.2.3", "::1".
bool is_loopback(std::string_view address);
// The host of a Host field or of an origin is this machine: "localhost:8000", "[::1]:8000".
bool is_local_host(std::string_view host);
bool is_local_origin(std::string_view origin);

}  // namespace attune::serve
