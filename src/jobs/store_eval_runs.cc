// Runs of evals as the server that works on them sees them: claim, store items, end.
#include <fmt/format.h>

#include "io/json.h"
#include "jobs/store.h"
#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

constexpr std::string_view kUnfinished = "status IN ('queued', 'in_progress')";

struct HeldRun {
  std::int64_t sequence = 0;
  Tenant tenant;
  wire::EvalRunObject run;
};

// The run, locked, if `attempt` holds it and it has not ended.
Result<std::optional<HeldRun>> lock_held(Connection& connection, std::string_view id,
                                         std::int64_t attempt) {
  const std::string lock = connection.is_postgresql() ? " FOR UPDATE OF eval_runs" : "";
  ATTUNE_TRY(Rows rows,
             connection.select(fmt::format("SELECT eval_runs.sequence, organization, project, "
                                           "eval_runs.object FROM eval_runs JOIN evals ON "
                                           "evals.sequence = eval WHERE eval_runs.id = ? AND "
                                           "attempt = ? AND {}{}",
                                           kUnfinished, lock),
                               {std::string(id), attempt}, "ittt"));
  if (rows.empty()) return std::nullopt;
  HeldRun held{
      .sequence = rows[0].integer(0), .tenant = {rows[0].text(1), rows[0].text(2)}, .run = {}};
  ATTUNE_TRY(held.run, parse_object<wire::EvalRunObject>(rows[0].text(3)));
  return held;
}

Result<std::vector<std::int64_t>> stored_numbers(Connection& connection, std::int64_t run) {
  ATTUNE_TRY(
      Rows rows,
      connection.select("SELECT number FROM eval_items WHERE run = ? ORDER BY number", {run}, "i"));
  std::vector<std::int64_t> numbers;
  for (const Row& row : rows) numbers.push_back(row.integer(0));
  return numbers;
}

std::string_view webhook_of(wire::EvalRunStatus status) {
  if (status == wire::EvalRunStatus::completed) return "eval.run.succeeded";
  return status == wire::EvalRunStatus::failed ? "eval.run.failed" : "eval.run.canceled";
}

}  // namespace

bool is_unfinished(wire::EvalRunStatus status) {
  return status == wire::EvalRunStatus::queued || status == wire::EvalRunStatus::in_progress;
}

Result<void> finish_eval_run(Connection& connection, const Tenant& tenant, std::int64_t sequence,
                             const wire::EvalRunObject& run) {
  ATTUNE_TRY_VOID(connection.change(
      "UPDATE eval_runs SET status = ?, object = ?, worker = '', lease_until = 0 WHERE sequence = "
      "?",
      {std::string(wire::to_text(run.status)), to_text(wire::to_json(run)), sequence}));
  ATTUNE_TRY_VOID(release_blobs(connection, run.id));
  ATTUNE_TRY(std::int64_t now, connection.now());
  return enqueue_webhook(connection, tenant, webhook_of(run.status), run.id, now);
}

Result<std::optional<ClaimedEvalRun>> Store::claim_eval_run(const std::string& worker,
                                                            std::int64_t lease_seconds) {
  constexpr std::string_view kOpen =
      "(status = 'queued' OR (status = 'in_progress' AND lease_until <= ?))";
  ATTUNE_TRY(const bool any, database_->read([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT 1 FROM eval_runs WHERE {} LIMIT 1", kOpen),
                                 {now}, "i"));
    return !rows.empty();
  }));
  if (!any) return std::nullopt;
  return database_->write([&](Connection& connection) -> Result<std::optional<ClaimedEvalRun>> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY(Rows rows,
               connection.select(fmt::format("SELECT sequence, eval, object, data_source, digest, "
                                             "attempt FROM eval_runs WHERE {} ORDER BY sequence "
                                             "LIMIT 1{}",
                                             kOpen, connection.lock_row_or_skip()),
                                 {now}, "iittti"));
    if (rows.empty()) return std::nullopt;
    ClaimedEvalRun claimed;
    const std::int64_t sequence = rows[0].integer(0);
    ATTUNE_TRY(claimed.row.run, parse_object<wire::EvalRunObject>(rows[0].text(2)));
    ATTUNE_TRY(claimed.row.data_source,
               parse_json(rows[0].text(3), "database: eval_runs.data_source"));
    claimed.row.digest = rows[0].text(4);
    claimed.attempt = rows[0].integer(5) + 1;
    claimed.row.run.status = wire::EvalRunStatus::in_progress;
    ATTUNE_TRY_VOID(connection.change(
        "UPDATE eval_runs SET status = 'in_progress', object = ?, attempt = ?, worker = ?, "
        "lease_until = ? WHERE sequence = ?",
        {to_text(wire::to_json(claimed.row.run)), claimed.attempt, worker, now + lease_seconds,
         sequence}));
    ATTUNE_TRY(claimed.done, stored_numbers(connection, sequence));
    ATTUNE_TRY(Rows evals, connection.select(
                               "SELECT object, organization, project FROM evals WHERE sequence = ?",
                               {rows[0].integer(1)}, "ttt"));
    if (evals.empty()) return std::nullopt;  // the foreign key does not let this be
    ATTUNE_TRY(claimed.eval, parse_object<wire::EvalObject>(evals[0].text(0)));
    claimed.tenant = {evals[0].text(1), evals[0].text(2)};
    return claimed;
  });
}

Result<bool> Store::record_eval_items(std::string_view run_id, std::int64_t attempt,
                                      std::int64_t lease_seconds,
                                      const std::vector<NewEvalItem>& items) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(auto held, lock_held(connection, run_id, attempt));
    if (!held) return false;
    for (const NewEvalItem& item : items) {
      ATTUNE_TRY(
          const std::int64_t inserted,
          connection.change("INSERT INTO eval_items (run, number, id, status, object) "
                            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (run, number) DO NOTHING",
                            {held->sequence, item.number, item.id,
                             std::string(wire::to_text(item.status)), to_text(item.object)}));
      if (inserted > 0) held->run.tally.add(item.tally);
    }
    ATTUNE_TRY(std::int64_t now, connection.now());
    ATTUNE_TRY_VOID(connection.change(
        "UPDATE eval_runs SET object = ?, lease_until = ? WHERE sequence = ?",
        {to_text(wire::to_json(held->run)), now + lease_seconds, held->sequence}));
    return true;
  });
}

Result<bool> Store::end_eval_run(std::string_view run_id, std::int64_t attempt,
                                 wire::EvalRunStatus status,
                                 const std::optional<wire::EvalError>& error) {
  return database_->write([&](Connection& connection) -> Result<bool> {
    ATTUNE_TRY(auto held, lock_held(connection, run_id, attempt));
    if (!held) return false;
    held->run.status = status;
    held->run.error = error;
    ATTUNE_TRY_VOID(finish_eval_run(connection, held->tenant, held->sequence, held->run));
    return true;
  });
}

Result<void> Store::let_go_of_eval_run(std::string_view run_id, std::int64_t attempt) {
  return database_->write([&](Connection& connection) -> Result<void> {
    ATTUNE_TRY_VOID(connection.change(
        "UPDATE eval_runs SET worker = '', lease_until = 0 WHERE id = ? AND attempt = ?",
        {std::string(run_id), attempt}));
    return {};
  });
}

}  // namespace attune::jobs
