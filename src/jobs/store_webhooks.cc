// Webhook endpoints and the outbox of deliveries to them. Sending is jobs/webhooks.*.
#include <fmt/format.h>

#include "jobs/store.h"
#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

constexpr std::string_view kEndpointColumns =
    "id, organization, project, name, url, secret, event_types, enabled, created_at, updated_at, "
    "previous_secret, previous_until";
constexpr std::string_view kEndpointTypes = "tttttttiiiti";

EndpointRow read_endpoint(const Row& row) {
  return {.id = row.text(0),
          .tenant = {row.text(1), row.text(2)},
          .name = row.text(3),
          .url = row.text(4),
          .secret = row.text(5),
          .event_types = parse_list(row.text(6)),
          .enabled = row.integer(7) != 0,
          .created_at = row.integer(8),
          .updated_at = row.integer(9),
          .previous_secret = row.text(10),
          .previous_until = row.integer(11)};
}

constexpr std::string_view kDeliveryColumns =
    "deliveries.id AS id, endpoint_id, endpoints.url AS url, endpoints.secret AS secret, "
    "previous_secret, previous_until, type, body, deliveries.created_at AS created_at, attempts, "
    "next_at, state, last_status, last_error, "
    "delivered_at";
constexpr std::string_view kDeliveryTypes = "tttttittiiititi";

std::string_view state_text(DeliveryState state) {
  switch (state) {
    case DeliveryState::delivered:
      return "delivered";
    case DeliveryState::dead:
      return "dead";
    default:
      return "pending";
  }
}

DeliveryState parse_state(const std::string& text) {
  if (text == "delivered") return DeliveryState::delivered;
  return text == "dead" ? DeliveryState::dead : DeliveryState::pending;
}

DeliveryRow read_delivery(const Row& row) {
  return {.id = row.text(0),
          .endpoint_id = row.text(1),
          .url = row.text(2),
          .secret = row.text(3),
          .previous_secret = row.text(4),
          .previous_until = row.integer(5),
          .type = row.text(6),
          .body = row.text(7),
          .created_at = row.integer(8),
          .attempts = row.integer(9),
          .next_at = row.integer(10),
          .state = parse_state(row.text(11)),
          .last_status = row.integer(12),
          .last_error = row.text(13),
          .delivered_at = row.optional_integer(14)};
}

// The endpoint's id if it is the tenant's, locked.
Result<bool> lock_endpoint(Connection& connection, const Tenant& tenant, std::string_view id) {
  ATTUNE_TRY(Rows rows,
             connection.select("SELECT id FROM endpoints WHERE id = ? AND organization "
                               "= ? AND project = ?" +
                                   connection.lock_row(),
                               {std::string(id), tenant.organization, tenant.project}, "t"));
  return !rows.empty();
}

}  // namespace

Result<void> Store::add_endpoint(const EndpointRow& endpoint) {
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY_VOID(connection.change(
        fmt::format("INSERT INTO endpoints ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    kEndpointColumns),
        {endpoint.id, endpoint.tenant.organization, endpoint.tenant.project, endpoint.name,
         endpoint.url, endpoint.secret, list_text(endpoint.event_types),
         std::int64_t{endpoint.enabled}, endpoint.created_at == 0 ? now : endpoint.created_at,
         endpoint.updated_at == 0 ? now : endpoint.updated_at, endpoint.previous_secret,
         endpoint.previous_until}));
    return {};
  });
}

Result<Page<EndpointRow>> Store::list_endpoints(const Tenant& tenant,
                                                const wire::PageQuery& query) {
  return database_->read([&](Connection& connection) -> Result<Page<EndpointRow>> {
    const Listing listing{.table = "endpoints",
                          .columns = std::string(kEndpointColumns),
                          .column_types = std::string(kEndpointTypes),
                          .condition = "organization = ? AND project = ?",
                          .parameters = {tenant.organization, tenant.project}};
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<EndpointRow>(
        listed, [](const Row& row) -> Result<EndpointRow> { return read_endpoint(row); });
  });
}

Result<std::optional<EndpointRow>> Store::find_endpoint(const Tenant& tenant, std::string_view id) {
  return database_->read([&](Connection& connection) -> Result<std::optional<EndpointRow>> {
    ATTUNE_TRY(Rows rows, connection.select(fmt::format("SELECT {} FROM endpoints WHERE id = ? AND "
                                                        "organization = ? AND project = ?",
                                                        kEndpointColumns),
                                            {std::string(id), tenant.organization, tenant.project},
                                            kEndpointTypes));
    if (rows.empty()) return std::nullopt;
    return read_endpoint(rows[0]);
  });
}

Result<bool> Store::update_endpoint(const EndpointRow& endpoint) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(bool found, lock_endpoint(connection, endpoint.tenant, endpoint.id));
    if (!found) return false;
    ATTUNE_TRY_VOID(connection.change(
        "UPDATE endpoints SET name = ?, url = ?, secret = ?, event_types = ?, enabled = ?, "
        "updated_at = ?, previous_secret = ?, previous_until = ? WHERE id = ?",
        {endpoint.name, endpoint.url, endpoint.secret, list_text(endpoint.event_types),
         std::int64_t{endpoint.enabled}, endpoint.updated_at, endpoint.previous_secret,
         endpoint.previous_until, endpoint.id}));
    return true;
  });
}

Result<bool> Store::remove_endpoint(const Tenant& tenant, std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(bool found, lock_endpoint(connection, tenant, id));
    if (!found) return false;
    ATTUNE_TRY_VOID(
        connection.change("DELETE FROM deliveries WHERE endpoint_id = ?", {std::string(id)}));
    ATTUNE_TRY_VOID(connection.change("DELETE FROM endpoints WHERE id = ?", {std::string(id)}));
    return true;
  });
}

Result<void> Store::emit_webhook(const Tenant& tenant, std::string_view type,
                                 std::string_view data_id) {
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    return enqueue_webhook(connection, tenant, type, data_id, now);
  });
}

// ---- deliveries ----

Result<std::vector<DeliveryRow>> Store::due_deliveries(std::int64_t limit,
                                                       std::int64_t hold_seconds) {
  constexpr std::string_view kDue = "state = 'pending' AND next_at <= ? AND enabled = 1";
  ATTUNE_TRY(bool any, database_->read([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT 1 FROM deliveries JOIN endpoints ON "
                                             "endpoints.id = endpoint_id WHERE {} LIMIT 1",
                                             kDue),
                                 {now}, "i"));
    return !rows.empty();
  }));
  if (!any) return std::vector<DeliveryRow>();
  return database_->write([&](Connection& connection) -> Result<std::vector<DeliveryRow>> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    std::string lock = connection.is_postgresql() ? " FOR UPDATE OF deliveries SKIP LOCKED" : "";
    ATTUNE_TRY(Rows rows, connection.select(
                              fmt::format("SELECT {} FROM deliveries JOIN endpoints ON "
                                          "endpoints.id = endpoint_id WHERE {} ORDER BY next_at, "
                                          "deliveries.sequence LIMIT ?{}",
                                          kDeliveryColumns, kDue, lock),
                              {now, limit}, kDeliveryTypes));
    std::vector<DeliveryRow> due;
    for (const Row& row : rows) {
      DeliveryRow delivery = read_delivery(row);
      ++delivery.attempts;
      delivery.next_at = now + hold_seconds;
      ATTUNE_TRY_VOID(
          connection.change("UPDATE deliveries SET attempts = ?, next_at = ? WHERE id = ?",
                            {delivery.attempts, delivery.next_at, delivery.id}));
      due.push_back(std::move(delivery));
    }
    return due;
  });
}

Result<void> Store::delivery_done(std::string_view id, std::int64_t status) {
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY_VOID(connection.change(
        "UPDATE deliveries SET state = 'delivered', last_status = ?, last_error = '', delivered_at "
        "= ? WHERE id = ?",
        {status, now, std::string(id)}));
    return {};
  });
}

Result<void> Store::delivery_failed(std::string_view id, std::int64_t status,
                                    const std::string& error, std::optional<std::int64_t> next_at) {
  return database_->write([&](Connection& connection) -> Result<void> {
    // A second sender may have delivered it meanwhile: that stands.
    ATTUNE_TRY_VOID(connection.change(
        "UPDATE deliveries SET state = ?, next_at = ?, last_status = ?, last_error = ? WHERE id = "
        "? AND state = 'pending'",
        {std::string(state_text(next_at ? DeliveryState::pending : DeliveryState::dead)),
         next_at.value_or(0), status, error, std::string(id)}));
    return {};
  });
}

Result<Page<DeliveryRow>> Store::list_deliveries(const Tenant& tenant, std::string_view endpoint_id,
                                                 const wire::PageQuery& query,
                                                 std::optional<DeliveryState> state) {
  return database_->read([&](Connection& connection) -> Result<Page<DeliveryRow>> {
    // The endpoint is joined in a subquery, so that `id` and `sequence` are the delivery's.
    Listing listing{
        .table = fmt::format("(SELECT {}, deliveries.sequence AS sequence, organization, project "
                             "FROM deliveries JOIN endpoints ON endpoints.id = endpoint_id) AS "
                             "outbox",
                             kDeliveryColumns),
        .columns =
            "id, endpoint_id, url, secret, previous_secret, previous_until, type, body, "
            "created_at, attempts, next_at, state, last_status, last_error, delivered_at",
        .column_types = std::string(kDeliveryTypes),
        .condition = "organization = ? AND project = ? AND endpoint_id = ?",
        .parameters = {tenant.organization, tenant.project, std::string(endpoint_id)}};
    if (state) {
      listing.condition += " AND state = ?";
      listing.parameters.emplace_back(std::string(state_text(*state)));
    }
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<DeliveryRow>(
        listed, [](const Row& row) -> Result<DeliveryRow> { return read_delivery(row); });
  });
}

Result<bool> Store::replay_delivery(const Tenant& tenant, std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT deliveries.id FROM deliveries JOIN endpoints ON "
                                 "endpoints.id = endpoint_id WHERE deliveries.id = ? AND "
                                 "organization = ? AND project = ?",
                                 {std::string(id), tenant.organization, tenant.project}, "t"));
    if (rows.empty()) return false;
    ATTUNE_TRY_VOID(
        connection.change("UPDATE deliveries SET state = 'pending', attempts = 0, next_at = ?, "
                          "delivered_at = NULL WHERE id = ?",
                          {now, rows[0].text(0)}));
    return true;
  });
}

}  // namespace attune::jobs
