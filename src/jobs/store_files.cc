// Files, uploads and their parts.
#include <fmt/format.h>

#include "io/json.h"
#include "jobs/store.h"
#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

constexpr std::string_view kTenantsId = "id = ? AND organization = ? AND project = ?";

std::vector<Value> tenants_id(const Tenant& tenant, std::string_view id) {
  return {std::string(id), tenant.organization, tenant.project};
}

}  // namespace

// ---- files ----

Result<void> insert_file(Connection& connection, const Tenant& tenant, const FileRow& file,
                         std::int64_t now) {
  ATTUNE_TRY_VOID(hold_blob(connection, file.file.id, file.digest, file.file.bytes, now));
  ATTUNE_TRY_VOID(connection.change(
      "INSERT INTO files (id, organization, project, purpose, expires_at, digest, object, report) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
      {file.file.id, tenant.organization, tenant.project, file.file.purpose,
       optional_value(file.file.expires_at), file.digest, to_text(wire::to_json(file.file)),
       to_text(file.report)}));
  return {};
}

Result<void> Store::add_file(const Tenant& tenant, const FileRow& file) {
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    return insert_file(connection, tenant, file, now);
  });
}

Result<std::optional<FileRow>> Store::find_file(const Tenant& tenant, std::string_view id) {
  return database_->read([&](Connection& connection) -> Result<std::optional<FileRow>> {
    ATTUNE_TRY(Rows rows,
               connection.select(
                   fmt::format("SELECT object, digest, report FROM files WHERE {}", kTenantsId),
                   tenants_id(tenant, id), "ttt"));
    if (rows.empty()) return std::nullopt;
    FileRow file;
    ATTUNE_TRY(file.file, parse_object<wire::FileObject>(rows[0].text(0)));
    file.digest = rows[0].text(1);
    ATTUNE_TRY(file.report, parse_json(rows[0].text(2), "database: files.report"));
    return file;
  });
}

Result<Page<wire::FileObject>> Store::list_files(const Tenant& tenant, const wire::PageQuery& query,
                                                 const std::optional<std::string>& purpose) {
  return database_->read([&](Connection& connection) -> Result<Page<wire::FileObject>> {
    Listing listing{.table = "files",
                    .columns = "object",
                    .column_types = "t",
                    .condition = "organization = ? AND project = ?",
                    .parameters = {tenant.organization, tenant.project}};
    if (purpose) {
      listing.condition += " AND purpose = ?";
      listing.parameters.emplace_back(*purpose);
    }
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<wire::FileObject>(
        listed, [](const Row& row) { return parse_object<wire::FileObject>(row.text(0)); });
  });
}

Result<bool> Store::set_file_status(const Tenant& tenant, std::string_view id,
                                    const std::string& status,
                                    const std::optional<std::string>& details, const Json& report) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(Rows rows, connection.select(fmt::format("SELECT object FROM files WHERE {}{}",
                                                        kTenantsId, connection.lock_row()),
                                            tenants_id(tenant, id), "t"));
    if (rows.empty()) return false;
    ATTUNE_TRY(auto file, parse_object<wire::FileObject>(rows[0].text(0)));
    file.status = status;
    file.status_details = details;
    ATTUNE_TRY_VOID(
        connection.change("UPDATE files SET object = ?, report = ? WHERE id = ?",
                          {to_text(wire::to_json(file)), to_text(report), std::string(id)}));
    return true;
  });
}

Result<bool> Store::remove_file(const Tenant& tenant, std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(Rows rows, connection.select(fmt::format("SELECT id FROM files WHERE {}{}",
                                                        kTenantsId, connection.lock_row()),
                                            tenants_id(tenant, id), "t"));
    if (rows.empty()) return false;
    ATTUNE_TRY_VOID(release_blobs(connection, rows[0].text(0)));
    ATTUNE_TRY_VOID(connection.change("DELETE FROM files WHERE id = ?", {rows[0].text(0)}));
    return true;
  });
}

// ---- uploads ----

namespace {

// A pending upload of the tenant, locked. One whose time has come is not pending any more.
Result<std::optional<wire::UploadObject>> lock_pending(Connection& connection, const Tenant& tenant,
                                                       std::string_view id, std::int64_t now) {
  ATTUNE_TRY(Rows rows,
             connection.select(fmt::format("SELECT object FROM uploads WHERE {} AND status = "
                                           "'pending' AND expires_at > ?{}",
                                           kTenantsId, connection.lock_row()),
                               {std::string(id), tenant.organization, tenant.project, now}, "t"));
  if (rows.empty()) return std::nullopt;
  ATTUNE_TRY(auto upload, parse_object<wire::UploadObject>(rows[0].text(0)));
  return upload;
}

}  // namespace

Result<void> end_upload(Connection& connection, const wire::UploadObject& upload) {
  ATTUNE_TRY_VOID(
      connection.change("DELETE FROM blob_references WHERE holder IN (SELECT id FROM upload_parts "
                        "WHERE upload_id = ?)",
                        {upload.id}));
  ATTUNE_TRY_VOID(connection.change("DELETE FROM upload_parts WHERE upload_id = ?", {upload.id}));
  ATTUNE_TRY_VOID(connection.change("UPDATE uploads SET status = ?, object = ? WHERE id = ?",
                                    {upload.status, to_text(wire::to_json(upload)), upload.id}));
  return {};
}

Result<void> Store::add_upload(const Tenant& tenant, const wire::UploadObject& upload,
                               const Json& private_data) {
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY_VOID(connection.change(
        "INSERT INTO uploads (id, organization, project, status, expires_at, object, private_data) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        {upload.id, tenant.organization, tenant.project, upload.status, upload.expires_at,
         to_text(wire::to_json(upload)), to_text(private_data)}));
    return {};
  });
}

Result<Json> Store::upload_data(const Tenant& tenant, std::string_view id) {
  return database_->read([&](Connection& connection) -> Result<Json> {
    ATTUNE_TRY(Rows rows, connection.select(
                              fmt::format("SELECT private_data FROM uploads WHERE {}", kTenantsId),
                              tenants_id(tenant, id), "t"));
    if (rows.empty()) return Json();
    return parse_json(rows[0].text(0), "database: uploads.private_data");
  });
}

Result<std::optional<wire::UploadObject>> Store::find_upload(const Tenant& tenant,
                                                             std::string_view id) {
  return database_->read([&](Connection& connection) -> Result<std::optional<wire::UploadObject>> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT object FROM uploads WHERE {}", kTenantsId),
                                 tenants_id(tenant, id), "t"));
    if (rows.empty()) return std::nullopt;
    ATTUNE_TRY(auto upload, parse_object<wire::UploadObject>(rows[0].text(0)));
    // Seen as expired before the sweep comes by.
    if (upload.status == "pending" && upload.expires_at <= now) upload.status = "expired";
    return upload;
  });
}

Result<bool> Store::add_part(const Tenant& tenant, const PartRow& part) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(auto upload, lock_pending(connection, tenant, part.part.upload_id, now));
    if (!upload) return false;
    ATTUNE_TRY_VOID(hold_blob(connection, part.part.id, part.digest, part.bytes, now));
    ATTUNE_TRY_VOID(connection.change(
        "INSERT INTO upload_parts (id, upload_id, digest, bytes, object) VALUES (?, ?, ?, ?, ?)",
        {part.part.id, part.part.upload_id, part.digest, part.bytes,
         to_text(wire::to_json(part.part))}));
    return true;
  });
}

Result<std::vector<PartRow>> Store::list_parts(const Tenant& tenant, std::string_view upload_id) {
  return database_->read([&](Connection& connection) -> Result<std::vector<PartRow>> {
    ATTUNE_TRY(
        Rows rows,
        connection.select("SELECT upload_parts.object, digest, bytes FROM upload_parts JOIN "
                          "uploads ON uploads.id = upload_parts.upload_id WHERE uploads.id = ? AND "
                          "organization = ? AND project = ? ORDER BY upload_parts.sequence",
                          tenants_id(tenant, upload_id), "tti"));
    std::vector<PartRow> parts;
    for (const Row& row : rows) {
      PartRow part;
      ATTUNE_TRY(part.part, parse_object<wire::UploadPartObject>(row.text(0)));
      part.digest = row.text(1);
      part.bytes = row.integer(2);
      parts.push_back(std::move(part));
    }
    return parts;
  });
}

Result<std::optional<wire::UploadObject>> Store::complete_upload(const Tenant& tenant,
                                                                 std::string_view id,
                                                                 const FileRow& file) {
  return database_->write([&](Connection& connection) -> Result<std::optional<wire::UploadObject>> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(auto upload, lock_pending(connection, tenant, id, now));
    if (!upload) return std::nullopt;
    ATTUNE_TRY_VOID(insert_file(connection, tenant, file, now));
    upload->status = "completed";
    upload->file = file.file;
    ATTUNE_TRY_VOID(end_upload(connection, *upload));
    return upload;
  });
}

Result<std::optional<wire::UploadObject>> Store::cancel_upload(const Tenant& tenant,
                                                               std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<std::optional<wire::UploadObject>> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(auto upload, lock_pending(connection, tenant, id, now));
    if (!upload) return std::nullopt;
    upload->status = "cancelled";
    ATTUNE_TRY_VOID(end_upload(connection, *upload));
    return upload;
  });
}

}  // namespace attune::jobs
