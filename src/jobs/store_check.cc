// The check of `attune doctor`: what should not be, and how it is mended. Each kind of fault has
// its function; all run in one transaction, so that what they see fits together.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "io/json.h"
#include "jobs/store.h"
#include "jobs/store_support.h"

namespace attune::jobs {

namespace {

struct Check {
  Connection& connection;
  const BlobStore& blobs;
  const CheckOptions& options;
  const std::set<std::string>& damaged;  // contents that were read and found wrong
  bool may_remove_blobs;                 // the blob folder is locked
  std::int64_t now;
  CheckReport report = {};

  // Whether it shall be mended.
  bool note(std::string kind, std::string subject, std::string found, bool can_repair = true) {
    bool repair = options.repair && can_repair;
    report.problems.push_back({.kind = std::move(kind),
                               .subject = std::move(subject),
                               .found = std::move(found),
                               .repaired = repair});
    return repair;
  }
};

Result<void> check_database(Check& check) {
  if (check.connection.is_postgresql()) return {};  // it looks after itself
  ATTUNE_TRY(Rows rows, check.connection.select("PRAGMA integrity_check(20)", {}, "t"));
  for (const Row& row : rows) {
    if (row.text(0) == "ok") continue;
    check.note("damaged_database", "attune.db", row.text(0), false);
  }
  return {};
}

// ---- contents ----

Result<void> mark_files_lost(Check& check, const std::string& digest) {
  ATTUNE_TRY(Rows files, check.connection.select("SELECT id, object FROM files WHERE digest = ?",
                                                 {digest}, "tt"));
  for (const Row& row : files) {
    ATTUNE_TRY(auto file, parse_object<wire::FileObject>(row.text(1)));
    file.status = "error";
    file.status_details = "The content of this file was lost from the server's disk.";
    ATTUNE_TRY_VOID(check.connection.change("UPDATE files SET object = ? WHERE id = ?",
                                            {to_text(wire::to_json(file)), row.text(0)}));
  }
  return {};
}

Result<void> check_blobs(Check& check) {
  ATTUNE_TRY(Rows rows,
             check.connection.select("SELECT digest, bytes FROM blobs ORDER BY digest", {}, "ti"));
  ATTUNE_TRY(std::vector<BlobOnDisk> on_disk, check.blobs.list());
  check.report.blobs = static_cast<std::int64_t>(rows.size());
  std::set<std::string> known;
  for (const Row& row : rows) {
    const std::string& digest = row.text(0);
    known.insert(digest);
    auto found = std::lower_bound(
        on_disk.begin(), on_disk.end(), digest,
        [](const BlobOnDisk& blob, const std::string& wanted) { return blob.digest < wanted; });
    bool mend = false;
    if (found == on_disk.end() || found->digest != digest) {
      mend = check.note("missing_blob", digest, "the content is not on disk");
    } else if (found->bytes != row.integer(1)) {
      mend = check.note("damaged_blob", digest,
                        fmt::format("{} bytes on disk, {} expected", found->bytes, row.integer(1)));
    } else if (check.damaged.contains(digest)) {
      mend = check.note("damaged_blob", digest, "the bytes are not those stored");
    }
    if (mend) ATTUNE_TRY_VOID(mark_files_lost(check, digest));
  }
  for (const BlobOnDisk& blob : on_disk) {
    if (known.contains(blob.digest)) continue;
    // A young one may belong to a request that is about to record it.
    if (blob.changed_at >= check.now - check.options.leftover_age_seconds) continue;
    if (check.note("orphan_blob", blob.digest, "a content that the database does not know",
                   check.may_remove_blobs)) {
      ATTUNE_TRY_VOID(check.blobs.remove(blob.digest));
    }
  }
  return {};
}

Result<void> check_references(Check& check) {
  // Who holds: files, parts of uploads, jobs and runs of evals that have not ended.
  constexpr std::string_view kNoHolder =
      "NOT EXISTS (SELECT 1 FROM files WHERE files.id = holder) AND NOT EXISTS (SELECT 1 FROM "
      "upload_parts WHERE upload_parts.id = holder) AND NOT EXISTS (SELECT 1 FROM jobs WHERE "
      "jobs.id = holder AND status IN ('validating_files', 'queued', 'running', 'paused')) AND NOT "
      "EXISTS (SELECT 1 FROM eval_runs WHERE eval_runs.id = holder AND status IN ('queued', "
      "'in_progress'))";
  ATTUNE_TRY(Rows rows,
             check.connection.select(
                 fmt::format("SELECT holder FROM blob_references WHERE {}", kNoHolder), {}, "t"));
  for (const Row& row : rows) {
    if (check.note("dangling_reference", row.text(0), "holds a content but is gone")) {
      ATTUNE_TRY_VOID(release_blobs(check.connection, row.text(0)));
    }
  }
  ATTUNE_TRY(Rows files, check.connection.select(
                             "SELECT id, digest, object FROM files WHERE NOT EXISTS (SELECT 1 FROM "
                             "blob_references WHERE holder = files.id AND blob_references.digest = "
                             "files.digest)",
                             {}, "ttt"));
  for (const Row& row : files) {
    if (!check.note("unheld_file", row.text(0), "does not hold its content")) continue;
    ATTUNE_TRY(auto file, parse_object<wire::FileObject>(row.text(2)));
    ATTUNE_TRY_VOID(hold_blob(check.connection, row.text(0), row.text(1), file.bytes, check.now));
  }
  ATTUNE_TRY(Rows count, check.connection.select("SELECT COUNT(*) FROM files", {}, "i"));
  check.report.files = count[0].integer(0);
  return {};
}

// ---- jobs ----

// The job's document and its column must say the same state; the column decides.
Result<void> check_status(Check& check, StoredJob& job, const std::string& column) {
  auto status = wire::parse_job_status(column);
  if (!status) {
    if (check.note("unknown_state", job.row.job.id, fmt::format("state \"{}\"", column))) {
      ATTUNE_TRY_VOID(move_job(check.connection, job, JobStatus::failed, check.now));
      job.row.job.error = wire::JobError{
          .code = "server_error", .message = "The state of this job was lost.", .param = {}};
      return save_job(check.connection, job);
    }
    return {};
  }
  if (*status != job.row.job.status &&
      check.note("states_differ", job.row.job.id,
                 fmt::format("\"{}\" in its row, \"{}\" in its object", column,
                             wire::to_text(job.row.job.status)))) {
    job.row.job.status = *status;
    return save_job(check.connection, job);
  }
  return {};
}

Result<void> check_lease(Check& check, StoredJob& job) {
  JobRow& row = job.row;
  bool held = !row.worker.empty();
  if (held && row.lease_until < check.now) {
    if (check.note("stuck_lease", row.job.id,
                   fmt::format("held by {} whose lease ended {} seconds ago", row.worker,
                               check.now - row.lease_until))) {
      ATTUNE_TRY_VOID(lose_worker_of(check.connection, job, "found by attune doctor", check.now));
    }
  } else if (!held && row.job.status == JobStatus::running) {
    if (check.note("running_alone", row.job.id, "runs, but no worker holds it")) {
      ATTUNE_TRY_VOID(lose_worker_of(check.connection, job, "found by attune doctor", check.now));
    }
  }
  return {};
}

Result<void> check_end(Check& check, StoredJob& job) {
  wire::JobObject& object = job.row.job;
  bool ended = is_final(object.status);
  bool wrong = false;
  if (ended != object.finished_at.has_value()) {
    wrong = check.note("wrong_finish", object.id,
                       ended ? "ended without a time" : "has a time of its end, but goes on");
    if (wrong && ended) object.finished_at = check.now;
    if (wrong && !ended) object.finished_at.reset();
  }
  if (object.status == JobStatus::succeeded && !object.fine_tuned_model) {
    check.note("no_model", object.id, "succeeded without a model", false);
  }
  return wrong ? save_job(check.connection, job) : Result<void>();
}

Result<void> check_events(Check& check, StoredJob& job) {
  ATTUNE_TRY(Rows rows,
             check.connection.select("SELECT COUNT(*), COALESCE(MAX(sequence), 0) FROM events "
                                     "WHERE job = ?",
                                     {job.sequence}, "ii"));
  std::int64_t count = rows[0].integer(0);
  std::int64_t last = rows[0].integer(1);
  if (count != last) {
    check.note("missing_events", job.row.job.id,
               fmt::format("{} events, the last has number {}", count, last), false);
  }
  if (last != job.row.last_event &&
      check.note("wrong_event_count", job.row.job.id,
                 fmt::format("{} events counted, {} there", job.row.last_event, last))) {
    job.row.last_event = last;
    return save_job(check.connection, job);
  }
  return {};
}

Result<void> check_jobs(Check& check) {
  ATTUNE_TRY(Rows rows,
             check.connection.select(fmt::format("SELECT {} FROM jobs ORDER BY sequence{}",
                                                 kJobColumns, check.connection.lock_row()),
                                     {}, kJobColumnTypes));
  check.report.jobs = static_cast<std::int64_t>(rows.size());
  for (const Row& row : rows) {
    auto read = read_job(row);
    if (!read) {
      check.note("unreadable_job", fmt::format("jobs.sequence {}", row.integer(0)),
                 read.error().message(), false);
      continue;
    }
    StoredJob job = std::move(*read);
    ATTUNE_TRY_VOID(check_status(check, job, row.text(4)));
    ATTUNE_TRY_VOID(check_lease(check, job));
    ATTUNE_TRY_VOID(check_end(check, job));
    ATTUNE_TRY_VOID(check_events(check, job));
  }
  return {};
}

Result<void> check_models(Check& check) {
  ATTUNE_TRY(Rows rows, check.connection.select("SELECT id, adapter FROM models", {}, "tt"));
  for (const Row& row : rows) {
    std::error_code ignored;
    if (!std::filesystem::exists(row.text(1), ignored)) {
      check.note("missing_adapter", row.text(0), fmt::format("{} is not there", row.text(1)),
                 false);
    }
  }
  return {};
}

}  // namespace

Result<CheckReport> Store::check(const BlobStore& blobs, const CheckOptions& options) {
  // Reading everything takes long, so it is done before anything is locked.
  std::set<std::string> damaged;
  if (options.read_contents) {
    ATTUNE_TRY(std::vector<BlobOnDisk> on_disk, blobs.list());
    for (const BlobOnDisk& blob : on_disk) {
      ATTUNE_TRY(bool intact, blobs.is_intact(blob.digest));
      if (!intact) damaged.insert(blob.digest);
    }
  }
  std::unique_ptr<BlobLock> lock;
  if (options.repair) {
    ATTUNE_TRY(lock, blobs.try_lock());
  }
  auto report = database_->write([&](Connection& connection) -> Result<CheckReport> {
    ATTUNE_TRY(std::int64_t now, connection.now());
    Check check{.connection = connection,
                .blobs = blobs,
                .options = options,
                .damaged = damaged,
                .may_remove_blobs = lock != nullptr,
                .now = now};
    ATTUNE_TRY_VOID(check_database(check));
    ATTUNE_TRY_VOID(check_jobs(check));
    ATTUNE_TRY_VOID(check_references(check));
    ATTUNE_TRY_VOID(check_blobs(check));
    ATTUNE_TRY_VOID(check_models(check));
    return std::move(check.report);
  });
  lock.reset();
  if (report && options.repair) {
    ATTUNE_TRY(std::int64_t time, now());
    ATTUNE_TRY_VOID(blobs.remove_leftovers(time - options.leftover_age_seconds));
    ATTUNE_TRY_VOID(collect_blobs(*this, blobs));
  }
  return report;
}

}  // namespace attune::jobs
