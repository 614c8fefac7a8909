#include "serve/routes_webhooks.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include "base/check.h"
#include "client/url.h"
#include "jobs/webhooks.h"
#include "serve/body_fields.h"
#include "wire/ids.h"
#include "wire/page.h"

namespace attune::serve {

namespace {

constexpr std::size_t kLongestUrl = 2048;
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kMostTypes = 64;  // more than there are: each unknown one is refused by name
constexpr std::int64_t kMostOnPage = 100;
constexpr std::int64_t kMostEndpoints = 50;
constexpr std::int64_t kOldSecretSeconds = 24 * 3600;
constexpr std::array<std::string_view, 6> kEventTypes = {
    "fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled",
    "eval.run.succeeded",        "eval.run.failed",        "eval.run.canceled"};

// "whsec_" and 32 random bytes in base64, as the Standard Webhooks scheme has it.
std::string new_secret() {
  std::array<unsigned char, 32> bytes = {};
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
        "the system has no random numbers");
  std::array<unsigned char, 45> text = {};
  const int length = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  return "whsec_" +
         std::string(reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length));
}

// Enough to tell two secrets apart.
std::string secret_hint(const std::string& secret) {
  constexpr std::size_t kShown = 4;
  return "whsec_..." + secret.substr(secret.size() - std::min(secret.size(), kShown));
}

Json endpoint_json(const jobs::EndpointRow& row, bool with_secret) {
  Json json = Json::object();
  json["id"] = row.id;
  json["object"] = "webhook_endpoint";
  json["created_at"] = row.created_at;
  json["updated_at"] = row.updated_at;
  json["name"] = row.name;
  json["url"] = row.url;
  if (row.event_types.empty())
    json["event_types"] = kEventTypes;
  else
    json["event_types"] = row.event_types;
  json["enabled"] = row.enabled;
  json["signing_secret_hint"] = secret_hint(row.secret);
  if (with_secret) json["signing_secret"] = row.secret;
  return json;
}

std::string_view state_text(jobs::DeliveryState state) {
  switch (state) {
    case jobs::DeliveryState::pending:
      return "pending";
    case jobs::DeliveryState::delivered:
      return "delivered";
    case jobs::DeliveryState::dead:
      return "dead";
  }
  return "pending";
}

Json delivery_json(const jobs::DeliveryRow& row) {
  Json json = Json::object();
  json["id"] = row.id;
  json["object"] = "webhook_delivery";
  json["endpoint_id"] = row.endpoint_id;
  json["type"] = row.type;
  json["created_at"] = row.created_at;
  json["state"] = state_text(row.state);
  json["attempts"] = row.attempts;
  json["next_at"] = row.state == jobs::DeliveryState::pending ? Json(row.next_at) : Json(nullptr);
  json["last_status"] = row.last_status == 0 ? Json(nullptr) : Json(row.last_status);
  json["last_error"] = row.last_error.empty() ? Json(nullptr) : Json(row.last_error);
  json["delivered_at"] = row.delivered_at ? Json(*row.delivered_at) : Json(nullptr);
  return json;
}

Answer<void> check_event_type(const char* param, const std::string& type) {
  if (std::find(kEventTypes.begin(), kEventTypes.end(), type) != kEventTypes.end()) return {};
  return wire::refuse(wire::invalid_value(
      param, fmt::format("Invalid '{}': this server sends no '{}'. It sends {}.", param, type,
                         fmt::join(kEventTypes, ", "))));
}

// Puts what the body says into the row.
Answer<void> read_endpoint(const Json& body, bool is_new, jobs::EndpointRow& row) {
  BodyFields fields(body);
  if (const auto name = is_new ? std::optional(fields.required_text("name", kLongestName))
                               : fields.text("name", kLongestName))
    row.name = *name;
  if (const auto url = is_new ? std::optional(fields.required_text("url", kLongestUrl))
                              : fields.text("url", kLongestUrl))
    row.url = *url;
  const auto types = fields.texts("event_types", kMostTypes);
  if (const auto enabled = fields.truth("enabled")) row.enabled = *enabled;
  ATTUNE_ANSWER_VOID(fields.end());
  if (is_new && !types) return wire::refuse(wire::missing_parameter("event_types"));
  if (types) {
    if (types->empty())
      return wire::refuse(
          wire::invalid_value("event_types", "Invalid 'event_types': at least one is needed."));
    for (const std::string& type : *types)
      ATTUNE_ANSWER_VOID(check_event_type("event_types", type));
    row.event_types = *types;
  }
  if (auto url = client::Url::parse(row.url, "url"); !url)
    return wire::refuse(wire::invalid_value("url", "Invalid 'url': " + url.error().message()));
  return {};
}

Answer<Response> create_endpoint(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  const jobs::Tenant& tenant = request.principal.tenant;
  jobs::EndpointRow row;
  ATTUNE_ANSWER_VOID(read_endpoint(body, true, row));
  ATTUNE_ANSWER(const auto existing, app.store.list_endpoints(tenant, {.limit = kMostEndpoints}));
  if (static_cast<std::int64_t>(existing.items.size()) >= kMostEndpoints)
    return wire::refuse(
        wire::bad_request(fmt::format("A project may have {} webhook endpoints.", kMostEndpoints)));
  ATTUNE_ANSWER(row.created_at, app.store.now());
  row.updated_at = row.created_at;
  row.id = wire::new_id("we_");
  row.tenant = tenant;
  row.secret = new_secret();
  ATTUNE_ANSWER_VOID(app.store.add_endpoint(row));
  return Response::json(endpoint_json(row, true));
}

Answer<Response> list_endpoints(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::PageQuery page, wire::parse_page(request.query, 20, kMostOnPage));
  ATTUNE_ANSWER(const auto rows, app.store.list_endpoints(request.principal.tenant, page));
  if (!rows.cursor_found) return unknown_cursor(page);
  std::vector<Json> items;
  for (const jobs::EndpointRow& row : rows.items) items.push_back(endpoint_json(row, false));
  return Response::json(wire::list_json(std::move(items), rows.has_more, wire::ListIds::or_null));
}

Answer<jobs::EndpointRow> need_endpoint(App& app, const Request& request) {
  const std::string& id = request.parameter("endpoint_id");
  ATTUNE_ANSWER(auto row, app.store.find_endpoint(request.principal.tenant, id));
  if (!row) return wire::refuse(wire::not_found("webhook endpoint", id));
  return std::move(*row);
}

Answer<Response> show_endpoint(App& app, Request& request) {
  ATTUNE_ANSWER(const jobs::EndpointRow row, need_endpoint(app, request));
  return Response::json(endpoint_json(row, false));
}

Answer<Response> update_endpoint(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(jobs::EndpointRow row, need_endpoint(app, request));
  const Json before = endpoint_json(row, false);
  ATTUNE_ANSWER_VOID(read_endpoint(body, false, row));
  if (endpoint_json(row, false) != before) {
    ATTUNE_ANSWER(row.updated_at, app.store.now());
  }
  ATTUNE_ANSWER(const bool updated, app.store.update_endpoint(row));
  if (!updated) return wire::refuse(wire::not_found("webhook endpoint", row.id));
  return Response::json(endpoint_json(row, false));
}

Answer<Response> delete_endpoint(App& app, Request& request) {
  const std::string& id = request.parameter("endpoint_id");
  ATTUNE_ANSWER(const bool removed, app.store.remove_endpoint(request.principal.tenant, id));
  if (!removed) return wire::refuse(wire::not_found("webhook endpoint", id));
  return Response::json(wire::deleted_json(id, "webhook_endpoint.deleted"));
}

Answer<Response> rotate_secret(App& app, Request& request) {
  Json body = Json::object();
  if (!request.body.empty()) {
    ATTUNE_ANSWER(body, json_body(request));
  }
  BodyFields fields(body);
  const bool keeps_old = fields.truth("keep_old_secret_active_for_24_hours").value_or(false);
  ATTUNE_ANSWER_VOID(fields.end());
  ATTUNE_ANSWER(jobs::EndpointRow row, need_endpoint(app, request));
  ATTUNE_ANSWER(row.updated_at, app.store.now());
  row.previous_secret = keeps_old ? row.secret : std::string();
  row.previous_until = keeps_old ? row.updated_at + kOldSecretSeconds : 0;
  row.secret = new_secret();
  ATTUNE_ANSWER(const bool updated, app.store.update_endpoint(row));
  if (!updated) return wire::refuse(wire::not_found("webhook endpoint", row.id));
  return Response::json(endpoint_json(row, true));
}

Answer<Response> test_endpoint(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  BodyFields fields(body);
  const std::string type = fields.required_text("event_type", kLongestName);
  ATTUNE_ANSWER_VOID(fields.end());
  ATTUNE_ANSWER_VOID(check_event_type("event_type", type));
  ATTUNE_ANSWER(const jobs::EndpointRow row, need_endpoint(app, request));
  if (app.webhooks == nullptr)
    return wire::refuse(wire::bad_request("This server sends no webhooks."));
  ATTUNE_ANSWER(const auto attempt, app.webhooks->try_out(row, type));
  if (attempt.status == 0)
    return wire::refuse(wire::bad_request(
        fmt::format("The endpoint did not answer: {}.", attempt.error), "webhook_test_failed"));
  Json json = Json::object();
  json["object"] = "webhook_endpoint.test";
  json["event_type"] = type;
  json["status_code"] = attempt.status;
  json["success"] = true;  // of the sending; status_code has the receiver's opinion
  json["webhook_endpoint_id"] = row.id;
  return Response::json(json);
}

Answer<Response> list_event_types() {
  Json json = Json::object();
  json["object"] = "list";
  json["data"] = kEventTypes;
  return Response::json(json);
}

Answer<std::optional<jobs::DeliveryState>> state_filter(const Request& request) {
  ATTUNE_ANSWER(const auto wanted, wire::query_value(request.query, "state"));
  if (!wanted) return std::optional<jobs::DeliveryState>();
  for (const auto state :
       {jobs::DeliveryState::pending, jobs::DeliveryState::delivered, jobs::DeliveryState::dead})
    if (state_text(state) == *wanted) return std::optional(state);
  return wire::refuse(
      wire::invalid_value("state", "Invalid 'state': it is pending, delivered or dead."));
}

Answer<Response> list_deliveries(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::PageQuery page, wire::parse_page(request.query, 20, kMostOnPage));
  ATTUNE_ANSWER(const auto state, state_filter(request));
  ATTUNE_ANSWER(const jobs::EndpointRow endpoint, need_endpoint(app, request));
  ATTUNE_ANSWER(const auto rows,
                app.store.list_deliveries(request.principal.tenant, endpoint.id, page, state));
  if (!rows.cursor_found) return unknown_cursor(page);
  std::vector<Json> items;
  for (const jobs::DeliveryRow& row : rows.items) items.push_back(delivery_json(row));
  return Response::json(wire::list_json(std::move(items), rows.has_more));
}

Answer<Response> replay_delivery(App& app, Request& request) {
  const std::string& id = request.parameter("delivery_id");
  ATTUNE_ANSWER_VOID(need_endpoint(app, request));
  ATTUNE_ANSWER(const bool found, app.store.replay_delivery(request.principal.tenant, id));
  if (!found) return wire::refuse(wire::not_found("webhook delivery", id));
  Json json = Json::object();
  json["id"] = id;
  json["object"] = "webhook_delivery";
  json["state"] = "pending";
  return Response::json(json);
}

}  // namespace

void add_webhook_routes(Router& router, App& app) {
  const std::string all = "/v1/webhook_endpoints";
  const std::string one = all + "/{endpoint_id}";
  router.add("POST", all, "webhooks:write",
             [&app](Request& request) { return create_endpoint(app, request); },
             {.remembers = false,
              .summary = "Add a webhook endpoint",
              .request = "WebhookEndpointRequest",
              .response = "WebhookEndpoint"});
  router.add("GET", all, "webhooks:read",
             [&app](Request& request) { return list_endpoints(app, request); },
             {.summary = "List webhook endpoints", .response = "ListWebhookEndpointsResponse"});
  router.add("GET", one, "webhooks:read",
             [&app](Request& request) { return show_endpoint(app, request); },
             {.summary = "Retrieve a webhook endpoint", .response = "WebhookEndpoint"});
  router.add("POST", one, "webhooks:write",
             [&app](Request& request) { return update_endpoint(app, request); },
             {.summary = "Change a webhook endpoint",
              .request = "WebhookEndpointRequest",
              .response = "WebhookEndpoint"});
  router.add("DELETE", one, "webhooks:write",
             [&app](Request& request) { return delete_endpoint(app, request); },
             {.summary = "Remove a webhook endpoint", .response = "DeleteWebhookEndpointResponse"});
  router.add("POST", one + "/rotate_secret", "webhooks:write",
             [&app](Request& request) { return rotate_secret(app, request); },
             {.remembers = false,
              .summary = "Give a webhook endpoint a new secret",
              .request = "WebhookSecretRequest",
              .response = "WebhookEndpoint"});
  router.add("POST", one + "/test", "webhooks:write",
             [&app](Request& request) { return test_endpoint(app, request); },
             {.run = Run::long_running,
              .remembers = false,
              .summary = "Send a sample event to a webhook endpoint",
              .request = "WebhookTestRequest",
              .response = "WebhookTestResult"});
  router.add("GET", "/v1/webhook_event_types", "webhooks:read",
             [](Request&) { return list_event_types(); },
             {.run = Run::on_io_thread,
              .summary = "List the types of events that are sent",
              .response = "ListWebhookEventTypesResponse"});
  router.add("GET", one + "/deliveries", "webhooks:read",
             [&app](Request& request) { return list_deliveries(app, request); },
             {.summary = "List the deliveries to an endpoint",
              .response = "ListWebhookDeliveriesResponse"});
  router.add("POST", one + "/deliveries/{delivery_id}/replay", "webhooks:write",
             [&app](Request& request) { return replay_delivery(app, request); },
             {.summary = "Send a delivery again", .response = "WebhookDelivery"});
}

}  // namespace attune::serve
