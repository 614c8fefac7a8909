#include "jobs/store_support.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/json.h"
#include "wire/ids.h"

namespace attune::jobs {

void Store::Cache::renew(std::int64_t now) {
  constexpr std::size_t kMost = 20'000;  // entries of a few kilobytes
  if (token == now && job_texts.size() < kMost && keys.size() < kMost) return;
  job_texts.clear();
  keys.clear();
  token = now;
}

// ---- text forms ----

std::string list_text(const std::vector<std::string>& list) { return to_text(Json(list)); }

std::vector<std::string> parse_list(const std::string& text) {
  std::vector<std::string> list;
  auto json = parse_json(text, "database");
  if (!json || !json->is_array()) return list;
  for (const Json& item : *json) {
    if (item.is_string()) list.push_back(item.get<std::string>());
  }
  return list;
}

// ---- contents ----

Result<void> hold_blob(Connection& connection, const std::string& holder, const std::string& digest,
                       std::int64_t bytes, std::int64_t now) {
  ATTUNE_TRY_VOID(connection.change(
      "INSERT INTO blobs (digest, bytes, created_at) VALUES (?, ?, ?) ON CONFLICT (digest) DO "
      "NOTHING",
      {digest, bytes, now}));
  ATTUNE_TRY_VOID(
      connection.change("INSERT INTO blob_references (holder, digest) VALUES (?, ?) ON CONFLICT "
                        "(holder, digest) DO NOTHING",
                        {holder, digest}));
  return {};
}

Result<void> release_blobs(Connection& connection, const std::string& holder) {
  ATTUNE_TRY_VOID(connection.change("DELETE FROM blob_references WHERE holder = ?", {holder}));
  return {};
}

// ---- idempotency ----

Result<std::optional<Remembered>> find_remembered(Connection& connection, const Tenant& tenant,
                                                  std::string_view key_hash) {
  ATTUNE_TRY(Rows rows, connection.select(
                            "SELECT body_hash, status, body FROM idempotency WHERE organization "
                            "= ? AND project = ? AND key_hash = ?",
                            {tenant.organization, tenant.project, std::string(key_hash)}, "tit"));
  if (rows.empty()) return std::nullopt;
  return Remembered{.key_hash = std::string(key_hash),
                    .body_hash = rows[0].text(0),
                    .status = rows[0].integer(1),
                    .body = rows[0].text(2)};
}

Result<bool> insert_remembered(Connection& connection, const Tenant& tenant,
                               const Remembered& outcome, std::int64_t now) {
  ATTUNE_TRY(std::int64_t inserted,
             connection.change("INSERT INTO idempotency (organization, project, key_hash, "
                               "body_hash, status, body, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
                               "ON CONFLICT (organization, project, key_hash) DO NOTHING",
                               {tenant.organization, tenant.project, outcome.key_hash,
                                outcome.body_hash, outcome.status, outcome.body, now}));
  return inserted > 0;
}

// ---- webhooks ----

std::string webhook_body(std::string_view type, std::string_view data_id, std::int64_t now) {
  return to_text(Json{{"object", "event"},
                      {"id", wire::new_id("evt_")},
                      {"type", type},
                      {"created_at", now},
                      {"data", {{"id", data_id}}}});
}

Result<void> enqueue_webhook(Connection& connection, const Tenant& tenant, std::string_view type,
                             std::string_view data_id, std::int64_t now) {
  ATTUNE_TRY(Rows endpoints,
             connection.select("SELECT id, event_types FROM endpoints WHERE organization = ? AND "
                               "project = ? AND enabled = 1 ORDER BY sequence",
                               {tenant.organization, tenant.project}, "tt"));
  if (endpoints.empty()) return {};
  const std::string text = webhook_body(type, data_id, now);
  for (const Row& endpoint : endpoints) {
    std::vector<std::string> wanted = parse_list(endpoint.text(1));
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), type) == wanted.end()) continue;
    ATTUNE_TRY_VOID(connection.change(
        "INSERT INTO deliveries (id, endpoint_id, type, body, created_at, attempts, next_at, "
        "state, last_status, last_error) VALUES (?, ?, ?, ?, ?, 0, ?, 'pending', 0, '')",
        {wire::new_id("wh_"), endpoint.text(0), std::string(type), text, now, now}));
  }
  return {};
}

// ---- lists ----

Result<ListedRows> list_rows(Connection& connection, const Listing& listing,
                             const wire::PageQuery& query) {
  ListedRows listed;
  std::vector<Value> parameters = listing.parameters;
  std::string condition = listing.condition;
  if (query.after) {
    std::vector<Value> cursor = listing.parameters;
    cursor.emplace_back(*query.after);
    ATTUNE_TRY(Rows found,
               connection.select(fmt::format("SELECT {} FROM {} WHERE {} AND id = ?", listing.order,
                                             listing.table, listing.condition),
                                 cursor, "i"));
    if (found.empty()) {
      listed.cursor_found = false;
      return listed;
    }
    condition += fmt::format(" AND {} {} ?", listing.order, query.ascending ? ">" : "<");
    parameters.emplace_back(found[0].integer(0));
  }
  std::int64_t limit = std::max<std::int64_t>(query.limit, 0);
  parameters.emplace_back(limit + 1);
  ATTUNE_TRY(listed.rows,
             connection.select(fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} {} LIMIT ?",
                                           listing.columns, listing.table, condition, listing.order,
                                           query.ascending ? "ASC" : "DESC"),
                               parameters, listing.column_types));
  if (static_cast<std::int64_t>(listed.rows.size()) > limit) {
    listed.rows.pop_back();
    listed.has_more = true;
  }
  return listed;
}

}  // namespace attune::jobs
