#include "serve/stored_file.h"

#include <utility>

#include <fmt/format.h>

#include "wire/ids.h"
#include "wire/training_file.h"

namespace attune::serve {

namespace {

constexpr std::size_t kFaultsInRefusal = 1000;

// Gets each fault as a line. The file comes into being with the first one.
class FaultFile {
 public:
  explicit FaultFile(const jobs::BlobStore& blobs) : blobs_(blobs) {}

  void add(const wire::LineFault& fault) {
    if (!failure_) return;
    failure_ = write(to_text(to_json(fault)) + "\n");
  }

  Result<void> finish(PreparedFile& prepared) {
    ATTUNE_TRY_VOID(failure_);
    if (!writer_) return {};
    ATTUNE_TRY(const std::string digest, writer_->commit());
    jobs::FileRow row;
    row.file.id = wire::new_id("file-");
    row.file.bytes = writer_->bytes();
    row.file.created_at = prepared.row.file.created_at;
    row.file.expires_at = prepared.row.file.expires_at;
    row.file.filename = prepared.row.file.filename + ".errors.jsonl";
    row.file.purpose = "fine-tune-results";
    row.file.status = "processed";
    row.digest = digest;
    prepared.faults = std::move(row);
    prepared.fault_writer = std::move(writer_);
    return {};
  }

 private:
  Result<void> write(const std::string& line) {
    if (!writer_) {
      ATTUNE_TRY(jobs::BlobWriter writer, blobs_.open_writer());
      writer_ = std::make_unique<jobs::BlobWriter>(std::move(writer));
    }
    return writer_->write(line);
  }

  const jobs::BlobStore& blobs_;
  std::unique_ptr<jobs::BlobWriter> writer_;
  Result<void> failure_;
};

// The error object, with the faults of all lines beside it.
Response refusal_with_faults(const ApiError& error, const wire::TrainingFileReport& report) {
  Json body = wire::to_json(error);
  Json faults = Json::array();
  for (const wire::LineFault& fault : report.faults) {
    if (faults.size() == kFaultsInRefusal) break;
    faults.push_back(to_json(fault));
  }
  body["error"]["fault_count"] = report.fault_count;
  body["error"]["faults"] = std::move(faults);
  return Response::json(body, error.status);
}

Result<void> check_training(App& app, PreparedFile& prepared) {
  FaultFile faults(app.blobs);
  ATTUNE_TRY(const wire::TrainingFileReport report,
             wire::check_training_file(app.blobs.path(prepared.row.digest),
                                       [&](const wire::LineFault& fault) { faults.add(fault); }));
  if (const auto refusal = wire::upload_refusal(report)) {
    prepared.refusal = refusal_with_faults(*refusal, report);
    return {};
  }
  prepared.row.report = to_json(report);
  if (report.good()) return {};
  ATTUNE_TRY_VOID(faults.finish(prepared));
  prepared.row.file.status = "error";
  prepared.row.file.status_details = fmt::format(
      "{} fault(s) on {} of {} lines; the first, on line {}: {}. All of them are in {}.",
      report.fault_count, report.faulty_lines, report.examples, report.faults.front().line,
      report.faults.front().message, prepared.faults->file.id);
  prepared.row.report["error_file"] = prepared.faults->file.id;
  return {};
}

}  // namespace

Answer<PreparedFile> prepare_file(App& app, const NewFile& file, const std::string& digest,
                                  std::int64_t bytes) {
  ATTUNE_ANSWER(const std::int64_t now, app.store.now());
  PreparedFile prepared;
  wire::FileObject& object = prepared.row.file;
  object.id = wire::new_id("file-");
  object.bytes = bytes;
  object.created_at = now;
  if (file.expires_after_seconds) object.expires_at = now + *file.expires_after_seconds;
  object.filename = file.filename;
  object.purpose = file.purpose;
  object.status = "processed";
  prepared.row.digest = digest;
  if (file.purpose == "fine-tune") ATTUNE_ANSWER_VOID(check_training(app, prepared));
  return prepared;
}

Answer<void> record_faults(App& app, const jobs::Tenant& tenant, PreparedFile& prepared) {
  if (prepared.faults) ATTUNE_ANSWER_VOID(app.store.add_file(tenant, *prepared.faults));
  return {};
}

Answer<void> record_file(App& app, const jobs::Tenant& tenant, PreparedFile& prepared) {
  ATTUNE_ANSWER_VOID(record_faults(app, tenant, prepared));
  ATTUNE_ANSWER_VOID(app.store.add_file(tenant, prepared.row));
  return {};
}

Answer<Response> refuse_file(App& app, const jobs::Tenant& tenant, PreparedFile prepared) {
  // Recorded and removed, the content is known to be nobody's, and the collector takes it.
  ATTUNE_ANSWER_VOID(app.store.add_file(tenant, prepared.row));
  ATTUNE_ANSWER_VOID(app.store.remove_file(tenant, prepared.row.file.id));
  return std::move(*prepared.refusal);
}

Answer<jobs::FileRow> need_file(App& app, const jobs::Tenant& tenant, const std::string& id) {
  ATTUNE_ANSWER(std::optional<jobs::FileRow> row, app.store.find_file(tenant, id));
  if (!row) return wire::refuse(wire::not_found("File object", id));
  if (row->file.expires_at) {
    ATTUNE_ANSWER(const std::int64_t now, app.store.now());
    if (*row->file.expires_at <= now) return wire::refuse(wire::not_found("File object", id));
  }
  return std::move(*row);
}

}  // namespace attune::serve
