// Opening the store, and its upkeep.
#include "jobs/store.h"

#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

constexpr std::int64_t kIdempotencySeconds = 24 * 3600;

}  // namespace

Store::Store(std::unique_ptr<Database> database)
    : database_(std::move(database)), cache_(std::make_unique<Cache>()) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& url, const StoreOptions& options) {
  ATTUNE_TRY(std::unique_ptr<Database> database,
             Database::open(url, {.connections = options.connections,
                                  .busy_seconds = options.busy_seconds,
                                  .clock = options.clock}));
  ATTUNE_TRY_VOID(migrate(*database));
  return std::unique_ptr<Store>(new Store(std::move(database)));
}

Result<std::int64_t> Store::now() {
  return database_->read([](Connection& connection) { return connection.now(); });
}

std::optional<std::int64_t> Store::change_token() { return database_->change_token(); }

// ---- idempotency ----

Result<std::optional<Remembered>> Store::recall(const Tenant& tenant, std::string_view key_hash) {
  return database_->read(
      [&](Connection& connection) { return find_remembered(connection, tenant, key_hash); });
}

Result<Remembered> Store::remember(const Tenant& tenant, const Remembered& outcome) {
  return database_->write([&](Connection& connection) -> Result<Remembered> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(bool inserted, insert_remembered(connection, tenant, outcome, now));
    if (inserted) return outcome;
    ATTUNE_TRY(std::optional<Remembered> taken,
               find_remembered(connection, tenant, outcome.key_hash));
    return taken.value_or(outcome);
  });
}

// ---- upkeep ----

Result<Statistics> Store::statistics() {
  return database_->read([](Connection& connection) -> Result<Statistics> {
    Statistics statistics;
    ATTUNE_TRY(Rows jobs,
               connection.select("SELECT status, COUNT(*) FROM jobs GROUP BY status", {}, "ti"));
    for (const Row& row : jobs) {
      if (auto status = wire::parse_job_status(row.text(0))) {
        statistics.jobs[*status] = row.integer(1);
      }
    }
    ATTUNE_TRY(Rows counts,
               connection.select("SELECT (SELECT COUNT(*) FROM jobs WHERE worker <> ''), "
                                 "(SELECT COUNT(*) FROM deliveries WHERE state = 'pending'), "
                                 "(SELECT COUNT(*) FROM deliveries WHERE state = 'dead'), "
                                 "(SELECT COUNT(*) FROM files), (SELECT COUNT(*) FROM blobs), "
                                 "(SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM blobs)",
                                 {}, "iiiiii"));
    statistics.leases = counts[0].integer(0);
    statistics.deliveries_pending = counts[0].integer(1);
    statistics.deliveries_dead = counts[0].integer(2);
    statistics.files = counts[0].integer(3);
    statistics.blobs = counts[0].integer(4);
    statistics.blob_bytes = counts[0].integer(5);
    return statistics;
  });
}

namespace {

Result<std::int64_t> expire_uploads(Connection& connection, std::int64_t now) {
  ATTUNE_TRY(Rows uploads,
             connection.select("SELECT id, object FROM uploads WHERE status = 'pending' AND "
                               "expires_at <= ?" +
                                   connection.lock_row_or_skip(),
                               {now}, "tt"));
  for (const Row& row : uploads) {
    ATTUNE_TRY(auto upload, parse_object<wire::UploadObject>(row.text(1)));
    upload.status = "expired";
    ATTUNE_TRY_VOID(end_upload(connection, upload));
  }
  return static_cast<std::int64_t>(uploads.size());
}

Result<std::int64_t> expire_files(Connection& connection, std::int64_t now) {
  ATTUNE_TRY(Rows files, connection.select("SELECT id FROM files WHERE expires_at <= ?" +
                                               connection.lock_row_or_skip(),
                                           {now}, "t"));
  for (const Row& row : files) {
    ATTUNE_TRY_VOID(release_blobs(connection, row.text(0)));
    ATTUNE_TRY_VOID(connection.change("DELETE FROM files WHERE id = ?", {row.text(0)}));
  }
  return static_cast<std::int64_t>(files.size());
}

}  // namespace

Result<Swept> Store::sweep() {
  return database_->write([](Connection& connection) -> Result<Swept> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    Swept swept;
    ATTUNE_TRY(swept.uploads_expired, expire_uploads(connection, now));
    ATTUNE_TRY(swept.files_expired, expire_files(connection, now));
    ATTUNE_TRY(swept.idempotency_forgotten,
               connection.change("DELETE FROM idempotency WHERE created_at < ?",
                                 {now - kIdempotencySeconds}));
    return swept;
  });
}

Result<std::vector<std::string>> Store::unreferenced_blobs(std::int64_t limit) {
  return database_->read([&](Connection& connection) -> Result<std::vector<std::string>> {
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT digest FROM blobs WHERE NOT EXISTS (SELECT 1 FROM "
                                 "blob_references WHERE blob_references.digest = blobs.digest) "
                                 "ORDER BY digest LIMIT ?",
                                 {limit}, "t"));
    std::vector<std::string> digests;
    for (const Row& row : rows) digests.push_back(row.text(0));
    return digests;
  });
}

Result<bool> Store::forget_blob(std::string_view digest) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    // The lock waits for whoever is about to refer to it; what it wrote is seen below.
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT bytes FROM blobs WHERE digest = ?" + connection.lock_row(),
                                 {std::string(digest)}, "i"));
    if (rows.empty()) return false;
    ATTUNE_TRY(std::int64_t removed,
               connection.change("DELETE FROM blobs WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM "
                                 "blob_references WHERE digest = ?)",
                                 {std::string(digest), std::string(digest)}));
    return removed > 0;
  });
}

Result<std::int64_t> collect_blobs(Store& store, const BlobStore& blobs) {
  constexpr std::int64_t kBatch = 1000;
  std::int64_t removed = 0;
  ATTUNE_TRY(std::vector<std::string> candidates, store.unreferenced_blobs(kBatch));
  if (candidates.empty()) return 0;
  ATTUNE_TRY(std::unique_ptr<BlobLock> lock, blobs.try_lock());
  if (!lock) return 0;
  for (const std::string& digest : candidates) {
    ATTUNE_TRY(bool forgotten, store.forget_blob(digest));
    if (!forgotten) continue;
    ATTUNE_TRY_VOID(blobs.remove(digest));
    ++removed;
  }
  return removed;
}

}  // namespace attune::jobs
