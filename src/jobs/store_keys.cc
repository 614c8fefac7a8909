// API keys. Only their hashes are stored.
#include <fmt/format.h>

#include "jobs/store.h"
#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

constexpr std::string_view kColumns =
    "id, organization, project, name, hash, prefix, scopes, created_at, expires_at, revoked_at, "
    "last_used_at, running_jobs_limit, unfinished_jobs_limit, requests_per_minute";
constexpr std::string_view kColumnTypes = "tttttttiiiiiii";

// Writing a time at every use would cost a commit a request.
constexpr std::int64_t kTouchSeconds = 60;

KeyRow read_key(const Row& row) {
  return {.id = row.text(0),
          .tenant = {row.text(1), row.text(2)},
          .name = row.text(3),
          .hash = row.text(4),
          .prefix = row.text(5),
          .scopes = parse_list(row.text(6)),
          .created_at = row.integer(7),
          .expires_at = row.optional_integer(8),
          .revoked_at = row.optional_integer(9),
          .last_used_at = row.optional_integer(10),
          .running_jobs_limit = row.optional_integer(11),
          .unfinished_jobs_limit = row.optional_integer(12),
          .requests_per_minute = row.optional_integer(13)};
}

}  // namespace

Result<void> Store::add_key(const KeyRow& key) {
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY_VOID(connection.change(
        fmt::format("INSERT INTO api_keys ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    kColumns),
        {key.id, key.tenant.organization, key.tenant.project, key.name, key.hash, key.prefix,
         list_text(key.scopes), key.created_at == 0 ? now : key.created_at,
         optional_value(key.expires_at), optional_value(key.revoked_at),
         optional_value(key.last_used_at), optional_value(key.running_jobs_limit),
         optional_value(key.unfinished_jobs_limit), optional_value(key.requests_per_minute)}));
    return {};
  });
}

Result<std::optional<KeyRow>> Store::find_key_by_hash(std::string_view hash) {
  std::optional<std::int64_t> token = database_->change_token();
  std::string name(hash);
  if (token) {
    std::lock_guard<std::mutex> lock(cache_->mutex);
    cache_->renew(*token);
    if (auto found = cache_->keys.find(name); found != cache_->keys.end()) return found->second;
  }
  return database_->read([&](Connection& connection) -> Result<std::optional<KeyRow>> {
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT {} FROM api_keys WHERE hash = ?", kColumns),
                                 {name}, kColumnTypes));
    if (rows.empty()) return std::nullopt;
    KeyRow key = read_key(rows[0]);
    if (token) {
      std::lock_guard<std::mutex> lock(cache_->mutex);
      if (cache_->token == token) cache_->keys[name] = key;
    }
    return key;
  });
}

Result<std::vector<KeyRow>> Store::list_keys(const Tenant& tenant) {
  return database_->read([&](Connection& connection) -> Result<std::vector<KeyRow>> {
    ATTUNE_TRY(Rows rows, connection.select(fmt::format("SELECT {} FROM api_keys WHERE "
                                                        "organization = ? AND project = ? ORDER BY "
                                                        "sequence",
                                                        kColumns),
                                            {tenant.organization, tenant.project}, kColumnTypes));
    std::vector<KeyRow> keys;
    for (const Row& row : rows) keys.push_back(read_key(row));
    return keys;
  });
}

Result<bool> Store::revoke_key(const Tenant& tenant, std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT id FROM api_keys WHERE id = ? AND organization = ? AND "
                                 "project = ?" +
                                     connection.lock_row(),
                                 {std::string(id), tenant.organization, tenant.project}, "t"));
    if (rows.empty()) return false;
    // The first time stands.
    ATTUNE_TRY_VOID(
        connection.change("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?",
                          {now, rows[0].text(0)}));
    return true;
  });
}

Result<void> Store::touch_key(std::string_view id) {
  ATTUNE_TRY(bool old, database_->read([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT 1 FROM api_keys WHERE id = ? AND COALESCE(last_used_at, "
                                 "0) < ?",
                                 {std::string(id), now - kTouchSeconds}, "i"));
    return !rows.empty();
  }));
  if (!old) return {};
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY_VOID(connection.change("UPDATE api_keys SET last_used_at = ? WHERE id = ?",
                                      {now, std::string(id)}));
    return {};
  });
}

Result<bool> Store::any_key() {
  return database_->read([](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(Rows rows, connection.select("SELECT 1 FROM api_keys LIMIT 1", {}, "i"));
    return !rows.empty();
  });
}

}  // namespace attune::jobs
