// Evals, and their runs and output items as requests see them. Working on runs is
// store_eval_runs.cc.
#include <fmt/format.h>

#include "io/json.h"
#include "jobs/store.h"
#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

struct StoredEval {
  std::int64_t sequence = 0;
  wire::EvalObject eval;
};

// The tenant's eval; with `lock`, its row locked until the transaction ends.
Result<std::optional<StoredEval>> load_eval(Connection& connection, const Tenant& tenant,
                                            std::string_view id, bool lock = false) {
  ATTUNE_TRY(
      Rows rows,
      connection.select(
          "SELECT sequence, object FROM evals WHERE id = ? AND organization = ? AND project = ?" +
              (lock ? connection.lock_row() : std::string()),
          {std::string(id), tenant.organization, tenant.project}, "it"));
  if (rows.empty()) return std::nullopt;
  StoredEval stored{.sequence = rows[0].integer(0), .eval = {}};
  ATTUNE_TRY(stored.eval, parse_object<wire::EvalObject>(rows[0].text(1)));
  return stored;
}

constexpr std::string_view kRunColumns = "object, data_source, digest";

Result<EvalRunRow> read_run(const Row& row) {
  EvalRunRow read;
  ATTUNE_TRY(read.run, parse_object<wire::EvalRunObject>(row.text(0)));
  ATTUNE_TRY(read.data_source, parse_json(row.text(1), "database: eval_runs.data_source"));
  read.digest = row.text(2);
  return read;
}

// The sequence of the tenant's run, or none.
Result<std::optional<std::int64_t>> run_sequence(Connection& connection, const Tenant& tenant,
                                                 std::string_view eval_id, std::string_view id,
                                                 bool lock = false) {
  const std::string locking =
      lock && connection.is_postgresql() ? " FOR UPDATE OF eval_runs" : std::string();
  ATTUNE_TRY(
      Rows rows,
      connection.select(
          "SELECT eval_runs.sequence FROM eval_runs JOIN evals ON "
          "evals.sequence = eval WHERE eval_runs.id = ? AND evals.id = ? AND "
          "organization = ? AND project = ?" +
              locking,
          {std::string(id), std::string(eval_id), tenant.organization, tenant.project}, "i"));
  if (rows.empty()) return std::nullopt;
  return rows[0].integer(0);
}

Result<EvalRunRow> load_run(Connection& connection, std::int64_t sequence) {
  ATTUNE_TRY(Rows rows, connection.select(
                            fmt::format("SELECT {} FROM eval_runs WHERE sequence = ?", kRunColumns),
                            {sequence}, "ttt"));
  if (rows.empty()) {
    return environment_failure({.where = "database: eval_runs",
                                .found = "a run that was removed meanwhile",
                                .wanted = {},
                                .fix = "ask again"});
  }
  return read_run(rows[0]);
}

Result<void> remove_run(Connection& connection, std::int64_t sequence, const std::string& id) {
  ATTUNE_TRY_VOID(connection.change("DELETE FROM eval_items WHERE run = ?", {sequence}));
  ATTUNE_TRY_VOID(release_blobs(connection, id));
  ATTUNE_TRY_VOID(connection.change("DELETE FROM eval_runs WHERE sequence = ?", {sequence}));
  return {};
}

Result<void> hold_rows(Connection& connection, const EvalRunRow& row) {
  if (row.digest.empty()) return {};
  ATTUNE_TRY(Rows rows,
             connection.select("SELECT bytes FROM blobs WHERE digest = ?" + connection.lock_row(),
                               {row.digest}, "i"));
  if (rows.empty()) {
    return bad_input({.where = "data_source",
                      .found = "its file was deleted",
                      .wanted = "a file that stays until the run is created",
                      .fix = "upload the file again"});
  }
  ATTUNE_TRY(std::int64_t now, connection.now());
  return hold_blob(connection, row.run.id, row.digest, rows[0].integer(0), now);
}

}  // namespace

// ---- evals ----

Result<void> Store::add_eval(const Tenant& tenant, const wire::EvalObject& eval) {
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY_VOID(connection.change(
        "INSERT INTO evals (id, organization, project, updated_at, object) VALUES (?, ?, ?, ?, ?)",
        {eval.id, tenant.organization, tenant.project, eval.created_at,
         to_text(wire::to_json(eval))}));
    return {};
  });
}

Result<std::optional<wire::EvalObject>> Store::find_eval(const Tenant& tenant,
                                                         std::string_view id) {
  return database_->read([&](Connection& connection) -> Result<std::optional<wire::EvalObject>> {
    ATTUNE_TRY(auto stored, load_eval(connection, tenant, id));
    if (!stored) return std::nullopt;
    return std::move(stored->eval);
  });
}

Result<Page<wire::EvalObject>> Store::list_evals(const Tenant& tenant, const wire::PageQuery& query,
                                                 bool by_update) {
  return database_->read([&](Connection& connection) -> Result<Page<wire::EvalObject>> {
    Listing listing{.table = "evals",
                    .columns = "object",
                    .column_types = "t",
                    .condition = "organization = ? AND project = ?",
                    .parameters = {tenant.organization, tenant.project}};
    // Evals changed in the same second stay apart by their sequence.
    if (by_update) listing.order = "updated_at * 1000000000 + sequence";
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<wire::EvalObject>(
        listed, [](const Row& row) { return parse_object<wire::EvalObject>(row.text(0)); });
  });
}

Result<std::optional<wire::EvalObject>> Store::update_eval(const Tenant& tenant,
                                                           std::string_view id,
                                                           const wire::EvalUpdate& update) {
  return database_->write([&](Connection& connection) -> Result<std::optional<wire::EvalObject>> {
    ATTUNE_TRY(auto stored, load_eval(connection, tenant, id, true));
    if (!stored) return std::nullopt;
    if (update.name) stored->eval.name = *update.name;
    if (update.metadata) stored->eval.metadata = update.metadata;
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY_VOID(
        connection.change("UPDATE evals SET object = ?, updated_at = ? WHERE sequence = ?",
                          {to_text(wire::to_json(stored->eval)), now, stored->sequence}));
    return std::move(stored->eval);
  });
}

Result<bool> Store::remove_eval(const Tenant& tenant, std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(const auto stored, load_eval(connection, tenant, id, true));
    if (!stored) return false;
    ATTUNE_TRY(Rows runs, connection.select("SELECT sequence, id FROM eval_runs WHERE eval = ?" +
                                                connection.lock_row(),
                                            {stored->sequence}, "it"));
    for (const Row& run : runs) {
      ATTUNE_TRY_VOID(remove_run(connection, run.integer(0), run.text(1)));
    }
    ATTUNE_TRY_VOID(connection.change("DELETE FROM evals WHERE sequence = ?", {stored->sequence}));
    return true;
  });
}

// ---- runs ----

Result<bool> Store::add_eval_run(const Tenant& tenant, const EvalRunRow& row) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(const auto eval, load_eval(connection, tenant, row.run.eval_id, true));
    if (!eval) return false;
    ATTUNE_TRY_VOID(hold_rows(connection, row));
    ATTUNE_TRY_VOID(connection.change(
        "INSERT INTO eval_runs (id, eval, status, object, data_source, digest, attempt, worker, "
        "lease_until) VALUES (?, ?, ?, ?, ?, ?, 0, '', 0)",
        {row.run.id, eval->sequence, std::string(wire::to_text(row.run.status)),
         to_text(wire::to_json(row.run)), to_text(row.data_source), row.digest}));
    return true;
  });
}

Result<std::optional<EvalRunRow>> Store::find_eval_run(const Tenant& tenant,
                                                       std::string_view eval_id,
                                                       std::string_view id) {
  return database_->read([&](Connection& connection) -> Result<std::optional<EvalRunRow>> {
    ATTUNE_TRY(const auto sequence, run_sequence(connection, tenant, eval_id, id));
    if (!sequence) return std::nullopt;
    ATTUNE_TRY(EvalRunRow row, load_run(connection, *sequence));
    return row;
  });
}

Result<Page<EvalRunRow>> Store::list_eval_runs(const Tenant& tenant, std::string_view eval_id,
                                               const wire::PageQuery& query,
                                               std::optional<wire::EvalRunStatus> status) {
  return database_->read([&](Connection& connection) -> Result<Page<EvalRunRow>> {
    ATTUNE_TRY(const auto eval, load_eval(connection, tenant, eval_id));
    if (!eval) return Page<EvalRunRow>();
    Listing listing{.table = "eval_runs",
                    .columns = std::string(kRunColumns),
                    .column_types = "ttt",
                    .condition = "eval = ?",
                    .parameters = {eval->sequence}};
    if (status) {
      listing.condition += " AND status = ?";
      listing.parameters.emplace_back(std::string(wire::to_text(*status)));
    }
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<EvalRunRow>(listed, [](const Row& row) { return read_run(row); });
  });
}

Result<EvalRunAnswer> Store::cancel_eval_run(const Tenant& tenant, std::string_view eval_id,
                                             std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<EvalRunAnswer> {
    EvalRunAnswer answer;
    ATTUNE_TRY(const auto sequence, run_sequence(connection, tenant, eval_id, id, true));
    if (!sequence) {
      answer.outcome = EvalRunAnswer::Outcome::not_found;
      return answer;
    }
    ATTUNE_TRY(answer.row, load_run(connection, *sequence));
    if (!is_unfinished(answer.row.run.status)) {
      answer.outcome = EvalRunAnswer::Outcome::wrong_state;
      return answer;
    }
    answer.row.run.status = wire::EvalRunStatus::canceled;
    ATTUNE_TRY_VOID(finish_eval_run(connection, tenant, *sequence, answer.row.run));
    return answer;
  });
}

Result<bool> Store::remove_eval_run(const Tenant& tenant, std::string_view eval_id,
                                    std::string_view id) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(const auto sequence, run_sequence(connection, tenant, eval_id, id, true));
    if (!sequence) return false;
    ATTUNE_TRY_VOID(remove_run(connection, *sequence, std::string(id)));
    return true;
  });
}

// ---- items ----

Result<Page<Json>> Store::list_eval_items(const Tenant& tenant, std::string_view eval_id,
                                          std::string_view run_id, const wire::PageQuery& query,
                                          std::optional<wire::EvalItemStatus> status) {
  return database_->read([&](Connection& connection) -> Result<Page<Json>> {
    ATTUNE_TRY(const auto run, run_sequence(connection, tenant, eval_id, run_id));
    if (!run) return Page<Json>();
    Listing listing{.table = "eval_items",
                    .columns = "object",
                    .column_types = "t",
                    .condition = "run = ?",
                    .parameters = {*run},
                    .order = "number"};
    if (status) {
      listing.condition += " AND status = ?";
      listing.parameters.emplace_back(std::string(wire::to_text(*status)));
    }
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<Json>(
        listed, [](const Row& row) { return parse_json(row.text(0), "database: eval_items"); });
  });
}

Result<std::optional<Json>> Store::find_eval_item(const Tenant& tenant, std::string_view eval_id,
                                                  std::string_view run_id, std::string_view id) {
  return database_->read([&](Connection& connection) -> Result<std::optional<Json>> {
    ATTUNE_TRY(const auto run, run_sequence(connection, tenant, eval_id, run_id));
    if (!run) return std::nullopt;
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT object FROM eval_items WHERE run = ? AND id = ?",
                                 {*run, std::string(id)}, "t"));
    if (rows.empty()) return std::nullopt;
    ATTUNE_TRY(Json item, parse_json(rows[0].text(0), "database: eval_items"));
    return item;
  });
}

}  // namespace attune::jobs
