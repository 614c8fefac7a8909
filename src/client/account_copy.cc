#include "client/account_copy.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "client/all_pages.h"
#include "client/result_csv.h"
#include "io/abandoned_files.h"
#include "io/sha256.h"

namespace attune::client {

namespace {

constexpr int kMostInARow = 3;  // calls without a usable answer before the copy ends

// Ids become file names: one that is not plain could name a file elsewhere.
bool is_plain_name(std::string_view id) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !id.empty() && id.size() <= 150 && id.front() != '.' &&
         std::all_of(id.begin(), id.end(), plain);
}

std::string extension_of(std::string_view filename) {
  constexpr std::array<std::string_view, 8> kKnown = {".jsonl", ".json", ".csv", ".tsv",
                                                      ".txt",   ".gz",   ".zst", ".xlsx"};
  const std::string extension = ascii_lower(Path(filename).extension().string());
  const bool known = std::find(kKnown.begin(), kKnown.end(), extension) != kKnown.end();
  return known ? extension : ".jsonl";
}

bool has_ended(const wire::JobObject& job) {
  return job.status == wire::JobStatus::succeeded || job.status == wire::JobStatus::failed ||
         job.status == wire::JobStatus::cancelled;
}

Json about_job(const wire::JobObject& job) {
  Json about = {{"status", wire::to_text(job.status)},
                {"model", job.model},
                {"training_file", job.training_file}};
  if (job.validation_file) about["validation_file"] = *job.validation_file;
  if (job.fine_tuned_model) about["fine_tuned_model"] = *job.fine_tuned_model;
  if (!job.result_files.empty()) about["result_files"] = job.result_files;
  return about;
}

class AccountCopy {
 public:
  AccountCopy(ApiClient& api, AccountIndex index, const CopyOptions& options)
      : api_(api), index_(std::move(index)), options_(options) {}

  Result<CopySummary> run() {
    const Result<void> done = copy_all();
    const Result<void> written = index_.write();
    ATTUNE_TRY_VOID(done);
    ATTUNE_TRY_VOID(written);
    return std::move(summary_);
  }

 private:
  // Jobs come first: they are small, and name files that the list may not show.
  Result<void> copy_all() {
    const Path& folder = index_.folder();
    remove_abandoned_files(folder);
    for (const char* part : {"files", "jobs", "results"}) {
      ATTUNE_TRY_VOID(ensure_directory(folder / part));
      remove_abandoned_files(folder / part);
    }
    if (options_.kinds.files || options_.kinds.results) ATTUNE_TRY_VOID(list_files());
    if (options_.kinds.need_jobs()) ATTUNE_TRY_VOID(copy_jobs());
    if (options_.kinds.files) ATTUNE_TRY_VOID(copy_files());
    return {};
  }

  Result<void> list_files() {
    auto list = all_pages<wire::FileObject>([&](const ListQuery& q) { return api_.files(q); });
    if (!list) return note_list_failure("files", list.error());
    ATTUNE_TRY_VOID(note_list("files", list->whole));
    for (auto& [file, raw] : list->items) files_.emplace(file.id, std::move(file));
    return {};
  }

  Result<void> copy_jobs() {
    auto list = all_pages<wire::JobObject>([&](const ListQuery& q) { return api_.jobs(q); });
    if (!list) return note_list_failure("jobs", list.error());
    ATTUNE_TRY_VOID(note_list("jobs", list->whole));
    std::int64_t done = 0;
    for (const auto& [job, raw] : list->items) {
      ATTUNE_TRY_VOID(copy_job(job, raw));
      show("jobs", ++done, std::ssize(list->items));
    }
    return {};
  }

  Result<void> copy_job(const wire::JobObject& job, const Json& raw) {
    for (const std::string& file : {job.training_file, job.validation_file.value_or("")}) {
      if (!file.empty() && !files_.contains(file)) named_by_jobs_.emplace(file, job.id);
    }
    CopiedItem item{.kind = "job", .id = job.id, .final = has_ended(job), .about = about_job(job)};
    if (!is_plain_name(job.id)) return refuse_name(std::move(item));
    if (options_.kinds.events && !keep("events", job.id)) ATTUNE_TRY_VOID(copy_events(job));
    if (options_.kinds.checkpoints && !keep("checkpoints", job.id))
      ATTUNE_TRY_VOID(copy_checkpoints(job));
    results_.insert(job.result_files.begin(), job.result_files.end());
    if (options_.kinds.results) {
      for (const std::string& file : job.result_files) {
        if (!keep("result", file)) ATTUNE_TRY_VOID(copy_result(file, job.id));
      }
    }
    if (!options_.kinds.jobs || keep("job", job.id)) return {};
    return store(std::move(item), fmt::format("jobs/{}.json", job.id), to_pretty_text(raw));
  }

  Result<void> copy_events(const wire::JobObject& job) {
    CopiedItem item{.kind = "events", .id = job.id, .final = has_ended(job)};
    auto list =
        all_pages<wire::EventObject>([&](const ListQuery& q) { return api_.events(job.id, q); });
    if (!list) return note_failure(std::move(item), list.error());
    std::string text;
    for (auto event = list->items.rbegin(); event != list->items.rend(); ++event)
      text += to_text(event->raw) + "\n";
    item.about = {{"events", list->items.size()}};
    mark_broken_list(item, list->whole);
    return store(std::move(item), fmt::format("jobs/{}.events.jsonl", job.id), text);
  }

  Result<void> copy_checkpoints(const wire::JobObject& job) {
    CopiedItem item{.kind = "checkpoints", .id = job.id, .final = has_ended(job)};
    auto list = all_pages<wire::CheckpointObject>(
        [&](const ListQuery& q) { return api_.checkpoints(job.id, q); });
    if (!list) return note_failure(std::move(item), list.error());
    Json all = {{"object", "list"}, {"data", Json::array()}};
    for (const auto& checkpoint : list->items) all["data"].push_back(checkpoint.raw);
    item.about = {{"checkpoints", list->items.size()}};
    mark_broken_list(item, list->whole);
    return store(std::move(item), fmt::format("jobs/{}.checkpoints.json", job.id),
                 to_pretty_text(all));
  }

  Result<void> copy_result(const std::string& id, const std::string& job) {
    CopiedItem item{.kind = "result", .id = id, .final = true, .about = {{"job", job}}};
    if (!is_plain_name(id)) return refuse_name(std::move(item));
    std::string raw;
    const Reply<void> got = api_.file_content(id, [&](std::string_view bytes) {
      raw += bytes;
      return true;
    });
    if (!got) return note_failure(std::move(item), got.error());
    const Result<ResultTable> table = parse_result_csv(raw, id);
    const std::string& text = table ? table->csv : raw;
    // The size that is told may be that of the wrapped or of the unwrapped file.
    const auto told = files_.find(id);
    if (told != files_.end() && told->second.bytes > 0 && told->second.bytes != std::ssize(raw) &&
        told->second.bytes != std::ssize(text))
      mark_size(item, std::ssize(raw), told->second.bytes);
    return store(std::move(item), fmt::format("results/{}.csv", id), text);
  }

  Result<void> copy_files() {
    std::vector<wire::FileObject> wanted;
    for (const auto& [id, file] : files_) {
      const auto& purposes = options_.purposes;
      if (file.purpose == "fine-tune-results" || results_.contains(id)) continue;
      if (purposes.empty() ||
          std::find(purposes.begin(), purposes.end(), file.purpose) != purposes.end()) {
        wanted.push_back(file);
      } else {
        ++summary_.other_purpose;
      }
    }
    for (const auto& [id, job] : named_by_jobs_) {
      wanted.emplace_back();
      wanted.back().id = id;
    }
    std::int64_t done = 0;
    for (const wire::FileObject& file : wanted) {
      ATTUNE_TRY_VOID(copy_file(file));
      show("files", ++done, std::ssize(wanted));
    }
    return {};
  }

  Result<void> copy_file(wire::FileObject file) {
    CopiedItem item{.kind = "file", .id = file.id, .final = true};
    if (!is_plain_name(file.id)) return refuse_name(std::move(item));
    if (const auto job = named_by_jobs_.find(file.id); job != named_by_jobs_.end()) {
      item.about["named_by"] = job->second;
      if (keep("file", file.id)) return {};
      auto found = api_.file(file.id);
      if (!found) return note_failure(std::move(item), found.error());
      file = std::move(found->value);
    }
    item.about["filename"] = file.filename;
    item.about["purpose"] = file.purpose;
    item.about["created_at"] = file.created_at;
    item.about["bytes"] = file.bytes;
    const CopiedItem* had = index_.find("file", file.id);
    const bool same_size = had != nullptr && (file.bytes <= 0 || had->bytes == file.bytes);
    if (same_size && keep("file", file.id)) return {};
    return download(std::move(item), file);
  }

  Result<void> download(CopiedItem item, const wire::FileObject& file) {
    item.path = fmt::format("files/{}{}", file.id, extension_of(file.filename));
    ATTUNE_TRY(AtomicFile out, AtomicFile::create(index_.folder() / item.path));
    Sha256 digest;
    Result<void> written;
    const Reply<void> got = api_.file_content(file.id, [&](std::string_view bytes) {
      item.bytes += std::ssize(bytes);
      digest.add(bytes);
      written = out.write(bytes);
      return written.has_value();
    });
    ATTUNE_TRY_VOID(written);
    if (!got) {
      item.path.clear();
      return note_failure(std::move(item), got.error());
    }
    if (file.bytes > 0 && file.bytes != item.bytes) mark_size(item, item.bytes, file.bytes);
    ATTUNE_TRY_VOID(out.commit());
    item.sha256 = digest.finish();
    return finish(std::move(item));
  }

  Result<void> store(CopiedItem item, std::string path, std::string_view text) {
    ATTUNE_TRY_VOID(write_file_atomic(index_.folder() / path, text));
    item.path = std::move(path);
    item.bytes = std::ssize(text);
    item.sha256 = sha256(text);
    return finish(std::move(item));
  }

  // What is stored but not as it should be counts as failed too: the next run fetches it again.
  Result<void> finish(CopiedItem item) {
    failures_in_a_row_ = 0;
    item.state = CopyState::stored;
    ++summary_.stored;
    summary_.bytes += item.bytes;
    if (!item.reason.empty()) summary_.failed.push_back(item);
    return index_.put(std::move(item));
  }

  bool keep(std::string_view kind, std::string_view id) {
    if (!index_.is_complete(kind, id)) return false;
    ++summary_.kept;
    return true;
  }

  static void mark_size(CopiedItem& item, std::int64_t came, std::int64_t told) {
    item.final = false;
    item.reason = fmt::format("{} bytes came, the server says {}", came, told);
  }

  static void mark_broken_list(CopiedItem& item, bool whole) {
    if (whole) return;
    item.final = false;
    item.reason = "the list did not end: the server repeats a page";
  }

  // The index keeps what became of a list only where it was not read to its end.
  Result<void> note_list(const char* name, bool whole) {
    CopiedItem item{.kind = "list", .id = name, .state = CopyState::stored};
    mark_broken_list(item, whole);
    if (whole && index_.find("list", name) == nullptr) return {};
    if (!whole) {
      item.state = CopyState::failed;
      summary_.failed.push_back(item);
    }
    return index_.put(std::move(item));
  }

  // Without an answer to the first questions there is nothing to go on with.
  Result<void> note_list_failure(const char* name, const CallFailure& failure) {
    if (failure.temporary() || failure.malformed) return Failure(failure.error());
    return note_failure({.kind = "list", .id = name}, failure);
  }

  Result<void> refuse_name(CopiedItem item) {
    item.state = CopyState::not_available;
    item.final = false;
    item.reason = "its id cannot be a file name";
    summary_.not_available.push_back(item);
    return index_.put(std::move(item));
  }

  // An error where going on makes no sense.
  Result<void> note_failure(CopiedItem item, const CallFailure& failure) {
    if (failure.status == 401) return Failure(failure.error());
    const bool lasting = !failure.temporary() && !failure.malformed;
    item.state = lasting ? CopyState::not_available : CopyState::failed;
    item.final = false;
    item.reason = failure.error().found;
    failures_in_a_row_ = lasting ? 0 : failures_in_a_row_ + 1;
    const Error error = failure.error();
    (lasting ? summary_.not_available : summary_.failed).push_back(item);
    // What an earlier run had stored is still there.
    if (const CopiedItem* had = index_.find(item.kind, item.id);
        had != nullptr && had->state == CopyState::stored) {
      std::string reason = std::move(item.reason);
      item = *had;
      item.reason = std::move(reason);
    }
    ATTUNE_TRY_VOID(index_.put(std::move(item)));
    if (failures_in_a_row_ < kMostInARow) return {};
    return environment_failure(
        {.where = error.where,
         .found = fmt::format("{}; {} calls in a row failed", error.found, failures_in_a_row_),
         .wanted = "answers",
         .fix = "run the same command again later: it goes on where it was"});
  }

  void show(std::string_view kind, std::int64_t done, std::int64_t all) const {
    if (options_.progress) options_.progress({kind, done, all, summary_.bytes});
  }

  ApiClient& api_;
  AccountIndex index_;
  const CopyOptions& options_;
  CopySummary summary_;
  std::map<std::string, wire::FileObject> files_;     // of the list, by id
  std::map<std::string, std::string> named_by_jobs_;  // files that the list lacks -> a job
  std::set<std::string> results_;                     // ids of the jobs' result files
  int failures_in_a_row_ = 0;
};

}  // namespace

Result<CopyKinds> CopyKinds::parse(const std::vector<std::string>& names) {
  if (names.empty()) return CopyKinds{};
  CopyKinds kinds{false, false, false, false, false};
  const std::array<std::pair<std::string_view, bool*>, 5> known = {
      {{"files", &kinds.files},
       {"jobs", &kinds.jobs},
       {"events", &kinds.events},
       {"checkpoints", &kinds.checkpoints},
       {"results", &kinds.results}}};
  for (const std::string& name : names) {
    const auto kind = std::find_if(known.begin(), known.end(),
                                   [&](const auto& entry) { return entry.first == name; });
    if (kind == known.end()) {
      return bad_input({.where = "--kind",
                        .found = name,
                        .wanted = "files, jobs, events, checkpoints or results",
                        .fix = "choose of them, separated by commas"});
    }
    *kind->second = true;
  }
  return kinds;
}

Result<CopySummary> copy_account(ApiClient& api, const Path& folder, const CopyOptions& options) {
  ATTUNE_TRY(AccountIndex index, AccountIndex::open(folder, api.endpoint().url.base()));
  return AccountCopy(api, std::move(index), options).run();
}

}  // namespace attune::client
