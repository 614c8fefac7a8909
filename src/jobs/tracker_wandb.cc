#include "jobs/tracker_wandb.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "jobs/protobuf_writer.h"
#include "jobs/wandb_file.h"

namespace attune::jobs {

namespace {

// Field numbers of W&B's published wandb_internal.proto.
namespace record_field {
constexpr int kNumber = 1, kHistory = 2, kSummary = 3, kConfig = 5, kFiles = 6, kRun = 17,
              kExit = 18, kHeader = 21;
}
namespace run_field {
constexpr int kRunId = 1, kEntity = 2, kProject = 3, kConfig = 4, kDisplayName = 8, kTags = 10,
              kHost = 13, kStartTime = 17;
}
constexpr int kItemKey = 1, kItemValue = 16;  // of the items of history, summary and config

// One wandb integration of a job, with the API's defaults filled in.
struct Target {
  std::string run_id;
  std::string project, entity, run_name;
  std::vector<std::string> tags;
};

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<Target> targets_of(const wire::JobObject& job) {
  std::vector<Target> targets;
  if (!job.integrations.is_array()) return targets;
  for (const Json& integration : job.integrations) {
    if (!integration.is_object() || text_of(integration, "type") != "wandb") continue;
    const auto settings = integration.find("wandb");
    if (settings == integration.end() || !settings->is_object()) continue;
    Target target;
    target.run_id = targets.empty() ? job.id : fmt::format("{}-{}", job.id, targets.size() + 1);
    target.project = text_of(*settings, "project");
    target.entity = text_of(*settings, "entity");
    target.run_name = text_of(*settings, "name");
    if (target.run_name.empty()) target.run_name = job.id;
    target.tags = {"openai/finetune", "openai/" + job.model, "openai/" + job.id};
    if (const auto tags = settings->find("tags"); tags != settings->end() && tags->is_array())
      for (const Json& tag : *tags)
        if (tag.is_string()) target.tags.push_back(tag.get<std::string>());
    targets.push_back(std::move(target));
  }
  return targets;
}

// The records of one update, in memory until they are appended to the file in one write.
class RunFile {
 public:
  RunFile(Path path, Json& notes) : path_(std::move(path)), notes_(notes) {
    size_ = notes.value("bytes", std::int64_t{0});
    records_ = notes.value("records", std::int64_t{0});
    if (size_ == 0) bytes_ += wandb_file_header();
  }

  void add(int field, const ProtobufWriter& content) {
    ProtobufWriter record;
    record.integer(record_field::kNumber, ++records_);
    record.message(field, content);
    append_wandb_record(bytes_, size_, record.bytes());
  }

  // Cuts what a crash may have left behind the noted size, then appends.
  Result<void> write() {
    if (bytes_.empty()) return {};
    ATTUNE_TRY_VOID(ensure_directory(path_.parent_path()));
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool good = file >= 0 && ::ftruncate(file, size_) == 0;
    for (std::size_t at = 0; good && at < bytes_.size();) {
      const ssize_t written = ::pwrite(file, bytes_.data() + at, bytes_.size() - at,
                                       size_ + static_cast<std::int64_t>(at));
      if (written < 0 && errno == EINTR) continue;
      good = written > 0;
      at += static_cast<std::size_t>(std::max<ssize_t>(written, 0));
    }
    good = good && ::fsync(file) == 0;
    const int fault = errno;
    if (file >= 0) ::close(file);
    if (!good)
      return environment_failure({.where = path_.string(),
                                  .found = fmt::format("cannot write ({})", std::strerror(fault)),
                                  .wanted = "a folder with free space that this user may write",
                                  .fix = "free space; the run is then written on"});
    notes_["bytes"] = size_ + static_cast<std::int64_t>(bytes_.size());
    notes_["records"] = records_;
    return {};
  }

 private:
  Path path_;
  Json& notes_;
  std::int64_t size_ = 0, records_ = 0;
  std::string bytes_;
};

// `container`[field] += {key, value_json}
void add_item(ProtobufWriter& container, int field, std::string_view key, const Json& value) {
  ProtobufWriter item;
  item.text(kItemKey, key);
  item.text(kItemValue, to_text(value));
  container.message(field, item);
}

ProtobufWriter config_of(const Json& settings) {
  ProtobufWriter config;
  for (const auto& [name, value] : settings.items()) add_item(config, 1, name, value);
  return config;
}

ProtobufWriter run_record(const Target& target, const JobRow& row) {
  ProtobufWriter run;
  run.text(run_field::kRunId, target.run_id);
  run.text(run_field::kEntity, target.entity);
  run.text(run_field::kProject, target.project);
  run.message(run_field::kConfig, config_of(run_settings(row.job)));
  run.text(run_field::kDisplayName, target.run_name);
  for (const std::string& tag : target.tags) run.repeated_text(run_field::kTags, tag);
  run.text(run_field::kHost, row.host);
  ProtobufWriter start;
  start.integer(1, row.job.created_at);
  run.message(run_field::kStartTime, start);
  return run;
}

// A point of the curves. W&B wants steps that go up.
void add_history(RunFile& file, const EventRow& event, std::int64_t created_at, Json& notes) {
  const auto metrics = event_metrics(event.event);
  if (metrics.empty()) return;
  const std::int64_t last = notes.value("last_step", std::int64_t{-1});
  const std::int64_t step = std::max(event_step(event.event).value_or(last + 1), last + 1);
  notes["last_step"] = step;
  Json row = Json::object();
  for (const auto& [name, value] : metrics) row[name] = value;
  row["_step"] = step;
  row["_timestamp"] = event.event.created_at;
  row["_runtime"] = std::max<std::int64_t>(0, event.event.created_at - created_at);
  ProtobufWriter history;
  for (const auto& [name, value] : row.items()) {
    add_item(history, 1, name, value);
    notes["summary"][name] = value;
  }
  ProtobufWriter number;
  number.integer(1, step);
  history.message(2, number);
  file.add(record_field::kHistory, history);
}

void add_end(RunFile& file, const JobRow& row, Json& notes) {
  const wire::JobObject& job = row.job;
  Json& summary = notes["summary"];
  summary["status"] = wire::to_text(job.status);
  if (job.fine_tuned_model) summary["fine_tuned_model"] = *job.fine_tuned_model;
  if (job.trained_tokens) summary["trained_tokens"] = *job.trained_tokens;
  if (job.error) summary["error"] = job.error->message;
  ProtobufWriter update;
  for (const auto& [name, value] : summary.items()) add_item(update, 1, name, value);
  file.add(record_field::kSummary, update);
  ProtobufWriter file_item;
  file_item.text(1, "wandb-summary.json");
  ProtobufWriter files;
  files.message(1, file_item);
  file.add(record_field::kFiles, files);
  ProtobufWriter exit;
  exit.integer(1, job.status == JobStatus::succeeded ? 0 : 1);
  exit.integer(
      2, std::max<std::int64_t>(0, job.finished_at.value_or(job.created_at) - job.created_at));
  file.add(record_field::kExit, exit);
}

Result<void> update_run(const Path& folder, const Target& target, const TrackerUpdate& update,
                        Json& notes) {
  const std::time_t created = update.job.job.created_at;
  std::tm utc{};
  ::gmtime_r(&created, &utc);
  const Path run_folder =
      folder / fmt::format("offline-run-{:%Y%m%d_%H%M%S}-{}", utc, target.run_id);
  RunFile file(run_folder / fmt::format("run-{}.wandb", target.run_id), notes);
  const Json settings = run_settings(update.job.job);
  if (!notes.contains("settings")) {
    ProtobufWriter version;
    version.text(1, "attune");  // who wrote it
    ProtobufWriter header;
    header.message(1, version);
    file.add(record_field::kHeader, header);
    file.add(record_field::kRun, run_record(target, update.job));
    notes["summary"] = Json::object();
  } else if (notes["settings"] != settings) {  // "auto" became numbers
    file.add(record_field::kConfig, config_of(settings));
  }
  notes["settings"] = settings;
  for (const EventRow& event : update.events)
    add_history(file, event, update.job.job.created_at, notes);
  if (update.ended) {
    add_end(file, update.job, notes);
    ATTUNE_TRY_VOID(ensure_directory(run_folder / "files"));
    ATTUNE_TRY_VOID(write_file_atomic(run_folder / "files" / "wandb-summary.json",
                                      to_pretty_text(notes["summary"])));
  }
  return file.write();
}

}  // namespace

bool WandbTracker::wants(const JobRow& job) const { return !targets_of(job.job).empty(); }

Result<void> WandbTracker::update(const TrackerUpdate& update, Json& notes) {
  for (const Target& target : targets_of(update.job.job)) {
    Json& run_notes = notes[target.run_id];
    if (!run_notes.is_object()) run_notes = Json::object();
    ATTUNE_TRY_VOID(update_run(folder_, target, update, run_notes));
  }
  return {};
}

}  // namespace attune::jobs
