// Content that came in becomes a file of the API: checked if it is for training, and recorded. For
// POST /files and for uploads that are complete.
//
//   ATTUNE_ANSWER(std::string digest, writer.commit());
//   ATTUNE_ANSWER(PreparedFile prepared, prepare_file(app, new_file, digest, writer.bytes()));
//   if (prepared.refusal) return refuse_file(app, tenant, std::move(prepared));
//   ATTUNE_ANSWER_VOID(record_file(app, tenant, prepared));     // or complete_upload
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "jobs/blobs.h"
#include "serve/app.h"
#include "serve/http.h"
#include "wire/objects.h"

namespace attune::serve {

struct NewFile {
  std::string filename;
  std::string purpose;
  std::optional<std::int64_t> expires_after_seconds;
};

struct PreparedFile {
  jobs::FileRow row;
  // All faults of a training file, a JSON object a line: a file of its own.
  std::optional<jobs::FileRow> faults;
  std::unique_ptr<jobs::BlobWriter> fault_writer;  // holds its content until it is recorded
  // What the content is refused with when it is no JSONL at all.
  std::optional<Response> refusal;
};

// The content must be committed as `digest`, its writer alive. A training file is read once; if it
// has faults, its status is "error" and status_details says so and names the file of faults.
Answer<PreparedFile> prepare_file(App& app, const NewFile& file, const std::string& digest,
                                  std::int64_t bytes);

// Records the file of faults, if there is one; the file itself too with record_file.
Answer<void> record_faults(App& app, const jobs::Tenant& tenant, PreparedFile& prepared);
Answer<void> record_file(App& app, const jobs::Tenant& tenant, PreparedFile& prepared);
// Lets go of the content and gives the refusal.
Answer<Response> refuse_file(App& app, const jobs::Tenant& tenant, PreparedFile prepared);

// A file of the tenant that has not expired, else 404.
Answer<jobs::FileRow> need_file(App& app, const jobs::Tenant& tenant, const std::string& id);

}  // namespace attune::serve
