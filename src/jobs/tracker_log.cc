#include "jobs/tracker_log.h"

#include <vector>

namespace attune::jobs {

namespace {

Severity severity_of(const std::string& level) {
  if (level == "error") return Severity::error;
  return level == "warn" ? Severity::warning : Severity::info;
}

}  // namespace

Result<void> LogTracker::update(const TrackerUpdate& update, Json&) {
  const JobRow& job = update.job;
  for (const EventRow& row : update.events) {
    const Severity severity = severity_of(row.event.level);
    if (!log_.wants(severity)) continue;
    std::vector<LogField> fields = {
        {"attune.job.id", job.job.id},           {"attune.job.model", job.job.model},
        {"attune.job.attempt", job.attempt},     {"attune.organization", job.tenant.organization},
        {"attune.project", job.tenant.project},  {"attune.event.id", row.event.id},
        {"attune.event.sequence", row.sequence}, {"attune.event.created_at", row.event.created_at}};
    const auto metrics = event_metrics(row.event);
    std::vector<std::string> names;
    names.reserve(metrics.size());
    for (const auto& [name, value] : metrics) {
      names.push_back("attune.metric." + name);
      fields.push_back({names.back(), value});
    }
    log_.write(severity, row.event.message, fields);
  }
  return {};
}

}  // namespace attune::jobs
