#include "serve/routes_uploads.h"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "serve/stored_file.h"
#include "wire/file_request.h"
#include "wire/ids.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kPiece = 1 << 20;

// What the upload will be as a file is kept with it while it is pending: a draft, which is not
// sent. Its expires_at is relative to the file's creation.
wire::FileObject draft_of(const wire::UploadRequest& wanted) {
  wire::FileObject draft;
  draft.id = "draft";
  draft.bytes = wanted.bytes;
  draft.expires_at = wanted.expires_after_seconds;
  draft.filename = wanted.filename;
  draft.purpose = wanted.purpose;
  return draft;
}

Json shown(wire::UploadObject upload) {
  if (upload.status != "completed") upload.file.reset();
  return wire::to_json(upload);
}

Answer<Response> create_upload(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(const wire::UploadRequest wanted, wire::parse_upload_request(body));
  ATTUNE_ANSWER(const std::int64_t now, app.store.now());
  wire::UploadObject upload;
  upload.id = wire::new_id("upload_");
  upload.bytes = wanted.bytes;
  upload.created_at = now;
  upload.expires_at = now + wire::kUploadSeconds;
  upload.filename = wanted.filename;
  upload.purpose = wanted.purpose;
  upload.file = draft_of(wanted);
  ATTUNE_ANSWER_VOID(app.store.add_upload(request.principal.tenant, upload));
  return Response::json(shown(upload));
}

Answer<wire::UploadObject> need_upload(App& app, const jobs::Tenant& tenant,
                                       const std::string& id) {
  ATTUNE_ANSWER(std::optional<wire::UploadObject> upload, app.store.find_upload(tenant, id));
  if (!upload) return wire::refuse(wire::not_found("Upload", id));
  return std::move(*upload);
}

Refusal not_pending(const wire::UploadObject& upload) {
  return wire::refuse(wire::bad_request(
      fmt::format("Upload {} is {}; parts, completion and cancellation need a pending upload.",
                  upload.id, upload.status),
      "invalid_upload_status"));
}

Answer<wire::UploadObject> need_pending(App& app, const jobs::Tenant& tenant,
                                        const std::string& id) {
  ATTUNE_ANSWER(wire::UploadObject upload, need_upload(app, tenant, id));
  if (upload.status != "pending") return not_pending(upload);
  return upload;
}

Answer<Response> add_part(App& app, Request& request) {
  const jobs::Tenant& tenant = request.principal.tenant;
  const std::string& id = request.parameter("upload_id");
  ATTUNE_ANSWER(const wire::UploadObject upload, need_pending(app, tenant, id));
  Part* data = request.part("data");
  if (!data) return wire::refuse(wire::missing_parameter("data"));
  if (request.parts.size() > 1) {
    const Part& other = &request.parts[0] == data ? request.parts[1] : request.parts[0];
    return wire::refuse(wire::unknown_parameter(other.name));
  }
  if (!data->file)
    return wire::refuse(wire::invalid_value(
        "data", "Invalid 'data': it must be sent as a file, with a name.", "invalid_type"));
  if (data->bytes > wire::kMostPartBytes)
    return wire::refuse(wire::too_large(
        fmt::format("The part has {} bytes; the limit is {}.", data->bytes, wire::kMostPartBytes)));
  ATTUNE_ANSWER(const std::string digest, data->file->commit());
  ATTUNE_ANSWER(const std::int64_t now, app.store.now());
  jobs::PartRow part;
  part.part.id = wire::new_id("part_");
  part.part.created_at = now;
  part.part.upload_id = id;
  part.digest = digest;
  part.bytes = data->bytes;
  ATTUNE_ANSWER(const bool added, app.store.add_part(tenant, part));
  if (!added) {
    ATTUNE_ANSWER(const wire::UploadObject ended, need_upload(app, tenant, id));
    return not_pending(ended);
  }
  return Response::json(wire::to_json(part.part));
}

// ---- completion ----

class Md5 {
 public:
  Md5() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_md5(), nullptr); }
  ~Md5() { EVP_MD_CTX_free(context_); }
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;
  void add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  std::string finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_, digest, &length);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  EVP_MD_CTX* context_;
};

// The parts with these ids in this order; their sizes must add up.
Answer<std::vector<jobs::PartRow>> pick_parts(const std::vector<jobs::PartRow>& all,
                                              const std::vector<std::string>& ids,
                                              std::int64_t promised) {
  std::vector<jobs::PartRow> picked;
  std::int64_t bytes = 0;
  for (const std::string& id : ids) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& part) { return part.part.id == id; });
    if (found == all.end())
      return wire::refuse(
          wire::invalid_value("part_ids", fmt::format("No such part of this upload: {}", id)));
    picked.push_back(*found);
    bytes += found->bytes;
  }
  if (bytes != promised)
    return wire::refuse(wire::invalid_value(
        "part_ids",
        fmt::format("The parts have {} bytes in all, but the upload was created for {}.", bytes,
                    promised)));
  return picked;
}

Answer<void> join_parts(const jobs::BlobStore& blobs, const std::vector<jobs::PartRow>& parts,
                        jobs::BlobWriter& writer, const std::optional<std::string>& wanted_md5) {
  Md5 md5;
  for (const jobs::PartRow& part : parts) {
    ATTUNE_ANSWER(const auto file, FileBody::open(blobs.path(part.digest)));
    for (std::int64_t at = 0; at < file->bytes(); at += kPiece) {
      ATTUNE_ANSWER(const std::string piece, file->read(at, kPiece));
      if (wanted_md5) md5.add(piece);
      ATTUNE_ANSWER_VOID(writer.write(piece));
    }
  }
  if (wanted_md5 && md5.finish() != *wanted_md5)
    return wire::refuse(
        wire::invalid_value("md5", "The MD5 of the parts is not the one that was given."));
  return {};
}

Answer<Response> complete_upload(App& app, Request& request) {
  const jobs::Tenant& tenant = request.principal.tenant;
  const std::string& id = request.parameter("upload_id");
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(const wire::CompleteUploadRequest wanted,
                wire::parse_complete_upload_request(body));
  ATTUNE_ANSWER(const wire::UploadObject upload, need_pending(app, tenant, id));
  ATTUNE_ANSWER(const auto all, app.store.list_parts(tenant, id));
  ATTUNE_ANSWER(const auto parts, pick_parts(all, wanted.part_ids, upload.bytes));
  ATTUNE_ANSWER(jobs::BlobWriter writer, app.blobs.open_writer());
  ATTUNE_ANSWER_VOID(join_parts(app.blobs, parts, writer, wanted.md5));
  ATTUNE_ANSWER(const std::string digest, writer.commit());
  const NewFile file{upload.filename, upload.purpose,
                     upload.file ? upload.file->expires_at : std::nullopt};
  ATTUNE_ANSWER(PreparedFile prepared, prepare_file(app, file, digest, writer.bytes()));
  if (prepared.refusal) return refuse_file(app, tenant, std::move(prepared));
  ATTUNE_ANSWER(const std::optional<wire::UploadObject> completed,
                app.store.complete_upload(tenant, id, prepared.row));
  if (!completed) {  // cancelled or completed by another request meanwhile
    ATTUNE_ANSWER(const wire::UploadObject ended, need_upload(app, tenant, id));
    return not_pending(ended);
  }
  ATTUNE_ANSWER_VOID(record_faults(app, tenant, prepared));
  return Response::json(wire::to_json(*completed));
}

Answer<Response> cancel_upload(App& app, Request& request) {
  const jobs::Tenant& tenant = request.principal.tenant;
  const std::string& id = request.parameter("upload_id");
  ATTUNE_ANSWER(const std::optional<wire::UploadObject> cancelled,
                app.store.cancel_upload(tenant, id));
  if (cancelled) return Response::json(shown(*cancelled));
  ATTUNE_ANSWER(const wire::UploadObject upload, need_upload(app, tenant, id));
  return not_pending(upload);
}

}  // namespace

void add_upload_routes(Router& router, App& app) {
  router.add(
      "POST", "/v1/uploads", "files:write",
      [&app](Request& request) { return create_upload(app, request); },
      {.summary = "Begin a file in parts", .request = "CreateUploadRequest", .response = "Upload"});
  router.add("POST", "/v1/uploads/{upload_id}/parts", "files:write",
             [&app](Request& request) { return add_part(app, request); },
             {.body = Body::multipart,
              .max_body_bytes = wire::kMostPartBytes + (1 << 20),
              .summary = "Add a part",
              .request = "AddUploadPartRequest",
              .response = "UploadPart"});
  router.add("POST", "/v1/uploads/{upload_id}/complete", "files:write",
             [&app](Request& request) { return complete_upload(app, request); },
             {.run = Run::long_running,
              .summary = "Make the parts a file",
              .request = "CompleteUploadRequest",
              .response = "Upload"});
  router.add("POST", "/v1/uploads/{upload_id}/cancel", "files:write",
             [&app](Request& request) { return cancel_upload(app, request); },
             {.summary = "Give the upload up", .response = "Upload"});
}

}  // namespace attune::serve
