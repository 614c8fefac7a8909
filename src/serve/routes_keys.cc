#include "serve/routes_keys.h"

#include <algorithm>

#include <fmt/format.h>

#include "serve/auth.h"
#include "serve/body_fields.h"
#include "wire/page.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kLongestLife = std::int64_t{10} * 366 * 86400;
constexpr std::int64_t kMostPerMinute = 100'000'000;
constexpr std::int64_t kMostJobs = 1'000'000;

Json or_null(const std::optional<std::int64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json key_json(const jobs::KeyRow& row) {
  Json json = Json::object();
  json["id"] = row.id;
  json["object"] = "api_key";
  json["name"] = row.name;
  json["prefix"] = row.prefix;
  json["organization_id"] = row.tenant.organization;
  json["project_id"] = row.tenant.project;
  json["scopes"] = row.scopes;
  json["created_at"] = row.created_at;
  json["expires_at"] = or_null(row.expires_at);
  json["revoked_at"] = or_null(row.revoked_at);
  json["last_used_at"] = or_null(row.last_used_at);
  json["requests_per_minute"] = or_null(row.requests_per_minute);
  json["unfinished_jobs_limit"] = or_null(row.unfinished_jobs_limit);
  json["running_jobs_limit"] = or_null(row.running_jobs_limit);
  return json;
}

// Nobody can make a key that may do more than the own one.
Answer<void> check_scopes(const Principal& principal, const std::vector<std::string>& scopes) {
  if (scopes.empty())
    return wire::refuse(wire::invalid_value("scopes", "Invalid 'scopes': there is none."));
  for (const std::string& scope : scopes) {
    if (!is_scope(scope))
      return wire::refuse(
          wire::invalid_value("scopes", fmt::format("Invalid 'scopes': '{}' is none.", scope)));
    if (!principal.may(scope))
      return wire::refuse(wire::forbidden(
          fmt::format("This API key has not the scope '{}' and can't give it.", scope)));
  }
  return {};
}

Answer<Response> answer_with_key(App& app, NewKey made) {
  ATTUNE_ANSWER_VOID(app.store.add_key(made.row));
  app.authenticator->forget();
  Json json = key_json(made.row);
  json["key"] = made.key;
  return Response::json(json);
}

Answer<Response> create_key(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  BodyFields fields(body);
  std::string name = fields.required_text("name", 128);
  std::vector<std::string> scopes =
      fields.texts("scopes", 16).value_or(std::vector<std::string>{"all"});
  const auto life = fields.integer("expires_in_seconds", 1, kLongestLife);
  const auto per_minute = fields.integer("requests_per_minute", 1, kMostPerMinute);
  const auto unfinished = fields.integer("unfinished_jobs_limit", 0, kMostJobs);
  const auto running = fields.integer("running_jobs_limit", 0, kMostJobs);
  ATTUNE_ANSWER_VOID(fields.end());
  ATTUNE_ANSWER_VOID(check_scopes(request.principal, scopes));
  ATTUNE_ANSWER(const std::int64_t now, app.store.now());
  NewKey made = make_key(request.principal.tenant, std::move(name), std::move(scopes), now,
                         life ? std::optional(now + *life) : std::nullopt);
  made.row.requests_per_minute = per_minute;
  made.row.unfinished_jobs_limit = unfinished;
  made.row.running_jobs_limit = running;
  return answer_with_key(app, std::move(made));
}

Answer<Response> list_keys(App& app, Request& request) {
  ATTUNE_ANSWER(const auto rows, app.store.list_keys(request.principal.tenant));
  std::vector<Json> items;
  for (const jobs::KeyRow& row : rows) items.push_back(key_json(row));
  return Response::json(wire::list_json(std::move(items), false));
}

Answer<jobs::KeyRow> need_key(App& app, const jobs::Tenant& tenant, const std::string& id) {
  ATTUNE_ANSWER(const auto rows, app.store.list_keys(tenant));
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.id == id; });
  if (found == rows.end()) return wire::refuse(wire::not_found("API key", id));
  return *found;
}

Answer<Response> revoke_key(App& app, Request& request) {
  const std::string& id = request.parameter("key_id");
  ATTUNE_ANSWER(const bool revoked, app.store.revoke_key(request.principal.tenant, id));
  if (!revoked) return wire::refuse(wire::not_found("API key", id));
  app.authenticator->forget();
  return Response::json(wire::deleted_json(id, "api_key"));
}

// A new key with the old one's rights; the old one ends.
Answer<Response> rotate_key(App& app, Request& request) {
  const std::string& id = request.parameter("key_id");
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER(const jobs::KeyRow old, need_key(app, tenant, id));
  ATTUNE_ANSWER(const std::int64_t now, app.store.now());
  if (!old.usable_at(now))
    return wire::refuse(
        wire::bad_request("A key that was revoked or has expired can't be rotated."));
  ATTUNE_ANSWER_VOID(check_scopes(request.principal, old.scopes));
  NewKey made = make_key(tenant, old.name, old.scopes, now, old.expires_at);
  made.row.requests_per_minute = old.requests_per_minute;
  made.row.unfinished_jobs_limit = old.unfinished_jobs_limit;
  made.row.running_jobs_limit = old.running_jobs_limit;
  Answer<Response> answer = answer_with_key(app, std::move(made));
  if (answer) ATTUNE_ANSWER_VOID(app.store.revoke_key(tenant, id));
  app.authenticator->forget();
  return answer;
}

}  // namespace

void add_key_routes(Router& router, App& app) {
  // An answer with a key is never remembered: it would lie in the database.
  router.add("POST", "/v1/keys", "keys:write",
             [&app](Request& request) { return create_key(app, request); },
             {.remembers = false,
              .summary = "Create an API key",
              .request = "CreateKeyRequest",
              .response = "ApiKey"});
  router.add("GET", "/v1/keys", "keys:read",
             [&app](Request& request) { return list_keys(app, request); },
             {.summary = "List API keys", .response = "ListKeysResponse"});
  router.add("DELETE", "/v1/keys/{key_id}", "keys:write",
             [&app](Request& request) { return revoke_key(app, request); },
             {.summary = "Revoke an API key", .response = "DeleteKeyResponse"});
  router.add(
      "POST", "/v1/keys/{key_id}/rotate", "keys:write",
      [&app](Request& request) { return rotate_key(app, request); },
      {.remembers = false, .summary = "Replace an API key by a new one", .response = "ApiKey"});
}

}  // namespace attune::serve
