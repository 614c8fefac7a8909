// Tuned models, and which other projects may use them.
#include <fmt/format.h>

#include "io/json.h"
#include "jobs/store.h"
#include "jobs/store_support.h"
#include "wire/ids.h"

namespace attune::jobs {

namespace {

constexpr std::string_view kModelColumns = "object, base, adapter, job_id";

Result<ModelRow> read_model(const Row& row) {
  ModelRow model;
  ATTUNE_TRY(model.model, parse_object<wire::ModelObject>(row.text(0)));
  model.base = row.text(1);
  model.adapter = row.text(2);
  model.job_id = row.text(3);
  return model;
}

wire::PermissionObject read_permission(const Row& row) {
  return {.id = row.text(0), .created_at = row.integer(1), .project_id = row.text(2)};
}

}  // namespace

Result<void> insert_model(Connection& connection, const Tenant& tenant, const ModelRow& model) {
  ATTUNE_TRY_VOID(connection.change(
      "INSERT INTO models (id, organization, project, base, adapter, job_id, object) VALUES (?, ?, "
      "?, ?, ?, ?, ?) ON CONFLICT (organization, project, id) DO NOTHING",
      {model.model.id, tenant.organization, tenant.project, model.base, model.adapter.string(),
       model.job_id, to_text(wire::to_json(model.model))}));
  return {};
}

Result<void> Store::add_model(const Tenant& tenant, const ModelRow& model) {
  return database_->write(
      [&](Connection& connection) { return insert_model(connection, tenant, model); });
}

Result<std::optional<ModelRow>> Store::find_model(const Tenant& tenant, std::string_view id) {
  return database_->read([&](Connection& connection) -> Result<std::optional<ModelRow>> {
    // A permission lets another project of the same organisation in, never another organisation.
    ATTUNE_TRY(
        Rows rows,
        connection.select(
            fmt::format("SELECT {} FROM models WHERE id = ? AND organization = ? AND "
                        "(project = ? OR EXISTS (SELECT 1 FROM permissions WHERE "
                        "permissions.organization = models.organization AND "
                        "permissions.model = models.id AND permissions.project = ?)) ORDER "
                        "BY CASE WHEN project = ? THEN 0 ELSE 1 END LIMIT 1",
                        kModelColumns),
            {std::string(id), tenant.organization, tenant.project, tenant.project, tenant.project},
            "tttt"));
    if (rows.empty()) return std::nullopt;
    ATTUNE_TRY(ModelRow model, read_model(rows[0]));
    return model;
  });
}

Result<std::vector<ModelRow>> Store::list_models(const Tenant& tenant) {
  return database_->read([&](Connection& connection) -> Result<std::vector<ModelRow>> {
    ATTUNE_TRY(Rows rows,
               connection.select(
                   fmt::format("SELECT {} FROM models WHERE organization = ? AND (project = ? OR "
                               "EXISTS (SELECT 1 FROM permissions WHERE permissions.organization = "
                               "models.organization AND permissions.model = models.id AND "
                               "permissions.project = ?)) ORDER BY sequence",
                               kModelColumns),
                   {tenant.organization, tenant.project, tenant.project}, "tttt"));
    std::vector<ModelRow> models;
    for (const Row& row : rows) {
      ATTUNE_TRY(ModelRow model, read_model(row));
      models.push_back(std::move(model));
    }
    return models;
  });
}

Result<std::optional<ModelRow>> Store::remove_model(const Tenant& tenant, std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<std::optional<ModelRow>> {
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT {} FROM models WHERE id = ? AND organization "
                                             "= ? AND project = ?{}",
                                             kModelColumns, connection.lock_row()),
                                 {std::string(id), tenant.organization, tenant.project}, "tttt"));
    if (rows.empty()) return std::nullopt;
    ATTUNE_TRY(ModelRow model, read_model(rows[0]));
    ATTUNE_TRY_VOID(
        connection.change("DELETE FROM models WHERE id = ? AND organization = ? AND project = ?",
                          {std::string(id), tenant.organization, tenant.project}));
    ATTUNE_TRY_VOID(
        connection.change("DELETE FROM permissions WHERE organization = ? AND model = ?",
                          {tenant.organization, std::string(id)}));
    return model;
  });
}

// ---- permissions ----

Result<std::vector<wire::PermissionObject>> Store::add_permissions(
    const Tenant& tenant, std::string_view model, const std::vector<std::string>& project_ids) {
  using Permissions = std::vector<wire::PermissionObject>;
  return database_->write([&](Connection& connection) -> Result<Permissions> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    Permissions permissions;
    for (const std::string& project : project_ids) {
      ATTUNE_TRY_VOID(connection.change(
          "INSERT INTO permissions (id, organization, model, project, created_at) VALUES (?, ?, ?, "
          "?, ?) ON CONFLICT (organization, model, project) DO NOTHING",
          {wire::new_id("cp_"), tenant.organization, std::string(model), project, now}));
      ATTUNE_TRY(Rows rows,
                 connection.select("SELECT id, created_at, project FROM permissions WHERE "
                                   "organization = ? AND model = ? AND project = ?",
                                   {tenant.organization, std::string(model), project}, "tit"));
      for (const Row& row : rows) permissions.push_back(read_permission(row));
    }
    return permissions;
  });
}

Result<Page<wire::PermissionObject>> Store::list_permissions(
    const Tenant& tenant, std::string_view model, const wire::PageQuery& query,
    const std::optional<std::string>& project_id) {
  return database_->read([&](Connection& connection) -> Result<Page<wire::PermissionObject>> {
    Listing listing{.table = "permissions",
                    .columns = "id, created_at, project",
                    .column_types = "tit",
                    .condition = "organization = ? AND model = ?",
                    .parameters = {tenant.organization, std::string(model)}};
    if (project_id) {
      listing.condition += " AND project = ?";
      listing.parameters.emplace_back(*project_id);
    }
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<wire::PermissionObject>(
        listed,
        [](const Row& row) -> Result<wire::PermissionObject> { return read_permission(row); });
  });
}

Result<bool> Store::remove_permission(const Tenant& tenant, std::string_view model,
                                      std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT sequence FROM permissions WHERE id = ? AND organization = "
                                 "? AND model = ?" +
                                     connection.lock_row(),
                                 {std::string(id), tenant.organization, std::string(model)}, "i"));
    if (rows.empty()) return false;
    ATTUNE_TRY_VOID(
        connection.change("DELETE FROM permissions WHERE sequence = ?", {rows[0].integer(0)}));
    return true;
  });
}

}  // namespace attune::jobs
