#include "serve/auth.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

#include "io/sha256.h"
#include "wire/ids.h"

namespace attune::serve {

namespace {

constexpr double kFreshSeconds = 1;
constexpr double kTouchSeconds = 60;
constexpr std::size_t kMostRemembered = 10'000;
constexpr std::size_t kShownCharacters = 11;  // "sk-" and 8 of 48

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The key as the client sent it, or none.
Answer<std::optional<std::string_view>> key_of(const Headers& headers) {
  if (headers.count("authorization") > 1 || headers.count("api-key") > 1)
    return wire::refuse(wire::unauthorized("The request carries several API keys."));
  if (const auto field = headers.find("authorization")) {
    constexpr std::string_view kScheme = "bearer ";
    if (field->size() > kScheme.size() &&
        equal_ignoring_case(field->substr(0, kScheme.size()), kScheme))
      return field->substr(kScheme.size());
    return wire::refuse(wire::unauthorized(
        "The Authorization header must be 'Bearer YOUR_KEY', with a blank between the two."));
  }
  return headers.find("api-key");
}

// "sk-ab****yz": enough to tell which key it was, no more.
std::string shown(std::string_view key) {
  if (key.size() < 12) return "***";
  std::string text = fmt::format("{}****{}", key.substr(0, 5), key.substr(key.size() - 2));
  for (char& c : text)
    if (c < 0x21 || c > 0x7e) c = '?';
  return text;
}

Answer<void> check_local(const Headers& headers, std::string_view peer) {
  if (!is_loopback(peer))
    return wire::refuse(wire::unauthorized(
        "This server has no API keys yet, and so answers this machine alone. Create one with "
        "`attune keys create`."));
  if (const auto host = headers.find("host"); host && !is_local_host(*host))
    return wire::refuse(wire::forbidden(
        "Without an API key this server answers as localhost, 127.0.0.1 or [::1] only. Create a "
        "key with `attune keys create` to use another name."));
  if (const auto origin = headers.find("origin"); origin && !is_local_origin(*origin))
    return wire::refuse(wire::forbidden(
        "Without an API key this server answers no web page of another host. Create a key with "
        "`attune keys create`."));
  return {};
}

// A key belongs to one organisation and project; a client that names others is mistaken.
Answer<void> check_tenant(const Headers& headers, const jobs::Tenant& tenant) {
  const auto organization = headers.find("openai-organization");
  if (organization && !organization->empty() && *organization != tenant.organization)
    return Refusal(ApiError{.status = 401,
                            .message = "The OpenAI-Organization header does not match the "
                                       "organization of the API key.",
                            .code = "mismatched_organization"});
  const auto project = headers.find("openai-project");
  if (project && !project->empty() && *project != tenant.project)
    return Refusal(
        ApiError{.status = 401,
                 .message = "The OpenAI-Project header does not match the project of the API key.",
                 .code = "mismatched_project"});
  return {};
}

Principal principal_of(const jobs::KeyRow& row) {
  Principal principal;
  principal.tenant = row.tenant;
  principal.key_id = row.id;
  principal.scopes = row.scopes;
  principal.unfinished_jobs_limit = row.unfinished_jobs_limit;
  principal.requests_per_minute = row.requests_per_minute;
  return principal;
}

}  // namespace

struct Authenticator::State {
  struct Known {
    std::optional<jobs::KeyRow> row;  // none: there is no such key
    double seen_at = 0;
    double touched_at = -kTouchSeconds;
  };

  jobs::Store& store;
  std::mutex mutex;
  std::unordered_map<std::string, Known> keys;  // by hash
  bool any_key = true;
  double any_key_seen_at = -kFreshSeconds;

  Answer<Principal> judge(const Headers& headers, std::string_view key,
                          const std::optional<jobs::KeyRow>& row) {
    if (!row || row->revoked_at)
      return wire::refuse(
          wire::unauthorized(fmt::format("Incorrect API key provided: {}.", shown(key))));
    if (!row->usable_at(unix_seconds()))
      return wire::refuse(
          wire::unauthorized(fmt::format("The API key {} has expired.", shown(key))));
    ATTUNE_ANSWER_VOID(check_tenant(headers, row->tenant));
    return principal_of(*row);
  }

  Answer<Principal> without_key(const Headers& headers, std::string_view peer) {
    ATTUNE_ANSWER_VOID(check_local(headers, peer));
    return Principal{};
  }

  static Answer<Principal> missing_key() {
    return wire::refuse(wire::unauthorized(
        "You didn't provide an API key. You need to provide your API key in an Authorization "
        "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."));
  }

  // Whether the store has a key: once it has, that is not asked again for a while.
  Result<bool> needs_key() {
    {
      const std::lock_guard lock(mutex);
      if (now_seconds() - any_key_seen_at < kFreshSeconds) return any_key;
    }
    ATTUNE_TRY(const bool any, store.any_key());
    const std::lock_guard lock(mutex);
    any_key = any;
    any_key_seen_at = now_seconds();
    return any;
  }

  Result<std::optional<jobs::KeyRow>> look_up(const std::string& hash) {
    ATTUNE_TRY(auto row, store.find_key_by_hash(hash));
    bool touch = false;
    {
      const std::lock_guard lock(mutex);
      if (keys.size() >= kMostRemembered) keys.clear();
      Known& known = keys[hash];
      known.row = row;
      known.seen_at = now_seconds();
      touch = row && known.seen_at - known.touched_at >= kTouchSeconds;
      if (touch) known.touched_at = known.seen_at;
    }
    // The time of last use is for people; that it can't be written is no reason to refuse.
    if (touch) (void)store.touch_key(row->id);
    return row;
  }
};

Authenticator::Authenticator(jobs::Store& store) : state_(new State{store, {}, {}}) {}
Authenticator::~Authenticator() = default;

std::optional<Answer<Principal>> Authenticator::recall(const Headers& headers,
                                                       std::string_view peer) {
  const double now = now_seconds();
  std::unique_lock lock(state_->mutex);
  if (now - state_->any_key_seen_at >= kFreshSeconds) return {};
  if (!state_->any_key) {
    lock.unlock();
    return state_->without_key(headers, peer);
  }
  lock.unlock();
  const auto key = key_of(headers);
  if (!key) return Refusal(key.error());
  if (!*key) return State::missing_key();
  const std::string hash = sha256(**key);
  lock.lock();
  const auto found = state_->keys.find(hash);
  if (found == state_->keys.end() || now - found->second.seen_at >= kFreshSeconds) return {};
  const std::optional<jobs::KeyRow> row = found->second.row;
  lock.unlock();
  return state_->judge(headers, **key, row);
}

Answer<Principal> Authenticator::authenticate(const Headers& headers, std::string_view peer) {
  ATTUNE_ANSWER(const bool needs_key, state_->needs_key());
  if (!needs_key) return state_->without_key(headers, peer);
  ATTUNE_ANSWER(const std::optional<std::string_view> key, key_of(headers));
  if (!key) return State::missing_key();
  ATTUNE_ANSWER(const std::optional<jobs::KeyRow> row, state_->look_up(sha256(*key)));
  return state_->judge(headers, *key, row);
}

void Authenticator::forget() {
  const std::lock_guard lock(state_->mutex);
  state_->keys.clear();
  state_->any_key_seen_at = -kFreshSeconds;
}

bool is_scope(std::string_view scope) {
  static constexpr std::array<std::string_view, 7> kAreas = {"files", "jobs",     "models", "evals",
                                                             "keys",  "webhooks", "metrics"};
  if (scope == "all" || scope == "read") return true;
  const std::size_t colon = scope.find(':');
  const std::string_view action =
      colon == scope.npos ? std::string_view("read") : scope.substr(colon + 1);
  return (action == "read" || action == "write" || action == "use") &&
         std::find(kAreas.begin(), kAreas.end(), scope.substr(0, colon)) != kAreas.end();
}

NewKey make_key(const jobs::Tenant& tenant, std::string name, std::vector<std::string> scopes,
                std::int64_t now, std::optional<std::int64_t> expires_at) {
  NewKey made;
  made.key = wire::new_id("sk-", 48);
  made.row.id = wire::new_id("key_");
  made.row.tenant = tenant;
  made.row.name = std::move(name);
  made.row.hash = sha256(made.key);
  made.row.prefix = made.key.substr(0, kShownCharacters);
  made.row.scopes = std::move(scopes);
  made.row.created_at = now;
  made.row.expires_at = expires_at;
  return made;
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

bool is_local_host(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
  host = host.substr(0, host.find(':'));
  if (equal_ignoring_case(host, "localhost")) return true;
  // Only an address: 127.evil.example is a name.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

bool is_local_origin(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return is_local_host(origin.substr(scheme.size()));
  return false;
}

}  // namespace attune::serve
