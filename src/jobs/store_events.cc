// Events and checkpoints of jobs.
#include <algorithm>

#include <fmt/format.h>

#include "jobs/store.h"
#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

Result<EventRow> read_event(const Row& row, std::string_view job_id) {
  EventRow event;
  event.sequence = row.integer(0);
  ATTUNE_TRY(event.event, parse_object<wire::EventObject>(row.text(1)));
  event.event.job_id = job_id;
  return event;
}

// The tenant's job, as the parameter of `condition`.
constexpr std::string_view kOfTenantsJob =
    "job = (SELECT jobs.sequence FROM jobs WHERE jobs.id = ? AND organization = ? AND project = ?)";

}  // namespace

Result<Page<EventRow>> Store::list_events(const Tenant& tenant, std::string_view job_id,
                                          const wire::PageQuery& query) {
  return database_->read([&](Connection& connection) -> Result<Page<EventRow>> {
    Listing listing{.table = "events",
                    .columns = "sequence, object",
                    .column_types = "it",
                    .condition = std::string(kOfTenantsJob),
                    .parameters = {std::string(job_id), tenant.organization, tenant.project}};
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<EventRow>(listed, [&](const Row& row) { return read_event(row, job_id); });
  });
}

Result<std::vector<EventRow>> Store::events_after(std::string_view job_id, std::int64_t sequence,
                                                  std::int64_t limit) {
  return database_->read([&](Connection& connection) -> Result<std::vector<EventRow>> {
    ATTUNE_TRY(Rows rows,
               connection.select("SELECT events.sequence, events.object FROM events JOIN jobs ON "
                                 "jobs.sequence = events.job WHERE jobs.id = ? AND events.sequence "
                                 "> ? ORDER BY events.sequence LIMIT ?",
                                 {std::string(job_id), sequence, limit}, "it"));
    std::vector<EventRow> events;
    events.reserve(rows.size());
    for (const Row& row : rows) {
      ATTUNE_TRY(EventRow event, read_event(row, job_id));
      events.push_back(std::move(event));
    }
    return events;
  });
}

Result<std::vector<JobTail>> Store::tails(std::span<const std::string> job_ids) {
  // Full batches share one prepared statement: the last id fills up the places that are left.
  constexpr std::size_t kBatch = 100;
  static const std::string sql = [] {
    std::string marks = "?";
    for (std::size_t i = 1; i < kBatch; ++i) marks += ",?";
    return fmt::format("SELECT id, last_event, status FROM jobs WHERE id IN ({})", marks);
  }();
  return database_->read([&](Connection& connection) -> Result<std::vector<JobTail>> {
    std::vector<JobTail> tails;
    for (std::size_t start = 0; start < job_ids.size(); start += kBatch) {
      std::vector<Value> parameters;
      for (std::size_t i = 0; i < kBatch; ++i) {
        parameters.emplace_back(job_ids[std::min(start + i, job_ids.size() - 1)]);
      }
      ATTUNE_TRY(Rows rows, connection.select(sql, parameters, "tit"));
      for (const Row& row : rows) {
        auto status = wire::parse_job_status(row.text(2));
        if (!status) continue;
        tails.push_back(
            {.job_id = row.text(0), .last_sequence = row.integer(1), .status = *status});
      }
    }
    return tails;
  });
}

Result<Page<wire::CheckpointObject>> Store::list_checkpoints(const Tenant& tenant,
                                                             std::string_view job_id,
                                                             const wire::PageQuery& query) {
  return database_->read([&](Connection& connection) -> Result<Page<wire::CheckpointObject>> {
    Listing listing{.table = "checkpoints",
                    .columns = "object",
                    .column_types = "t",
                    .condition = std::string(kOfTenantsJob),
                    .parameters = {std::string(job_id), tenant.organization, tenant.project},
                    .order = "step"};
    ATTUNE_TRY(ListedRows listed, list_rows(connection, listing, query));
    return to_page<wire::CheckpointObject>(
        listed, [](const Row& row) { return parse_object<wire::CheckpointObject>(row.text(0)); });
  });
}

}  // namespace attune::jobs
