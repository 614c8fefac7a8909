// Copies what an account of a fine-tuning API holds into a folder: training files, jobs, their
// events, checkpoints and result files. Meant for accounts that will stop answering.
//
//   ATTUNE_TRY(const CopySummary summary, copy_account(*api, "archive", {}));
//
//   archive/index.json                 what is there, what could not be had (account_index.h)
//   archive/files/file-abc.jsonl       bytes as they were uploaded (.csv, .json, ... by their name)
//   archive/jobs/ftjob-abc.json        the job object as the server sent it
//   archive/jobs/ftjob-abc.events.jsonl       oldest first, one object a line
//   archive/jobs/ftjob-abc.checkpoints.json   {"object":"list","data":[...]}
//   archive/results/file-def.csv       metrics, unwrapped where they came in base64
//
// Every file is written whole or not at all, and its size compared with what the server says. A
// second run fetches only what is missing, was cut short, or may have changed since: jobs that had
// not ended. What the server refuses (403, 404, a purpose that cannot be downloaded) is listed and
// does not stop the rest. An Error: the key is refused, nothing answers, or the disk cannot be
// written; what was fetched until then stays. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/account_index.h"
#include "client/api_client.h"

namespace attune::client {

struct CopyKinds {
  bool files = true, jobs = true, events = true, checkpoints = true, results = true;

  // From "files", "jobs", "events", "checkpoints", "results"; all of them from none.
  static Result<CopyKinds> parse(const std::vector<std::string>& names);
  bool need_jobs() const { return jobs || events || checkpoints || results; }
};

struct CopyProgress {
  std::string_view kind;  // of the item that was looked at last
  std::int64_t done = 0;  // files or jobs
  std::int64_t all = 0;
  std::int64_t bytes = 0;  // fetched in this run
};

struct CopyOptions {
  CopyKinds kinds = {};
  // Files of these purposes; empty: of all. Result files are `results`, whatever stands here.
  std::vector<std::string> purposes = {"fine-tune"};
  std::function<void(const CopyProgress&)> progress = {};
};

struct CopySummary {
  std::int64_t stored = 0;         // items fetched in this run
  std::int64_t kept = 0;           // items that an earlier run had fetched
  std::int64_t other_purpose = 0;  // files left out by CopyOptions::purposes
  std::int64_t bytes = 0;          // fetched in this run
  std::vector<CopiedItem> not_available;
  std::vector<CopiedItem> failed;
};

Result<CopySummary> copy_account(ApiClient& api, const Path& folder, const CopyOptions& options);

}  // namespace attune::client
