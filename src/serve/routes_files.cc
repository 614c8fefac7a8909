#include "serve/routes_files.h"

#include <fmt/format.h>

#include "client/url.h"
#include "serve/stored_file.h"
#include "wire/file_request.h"
#include "wire/page.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kFilesOnPage = 10'000;

Answer<Response> create_file(App& app, Request& request) {
  Part* content = request.part("file");
  if (!content) return wire::refuse(wire::missing_parameter("file"));
  if (!content->file)
    return wire::refuse(wire::invalid_value(
        "file", "Invalid 'file': it must be sent as a file, with a name.", "invalid_type"));
  wire::Query fields;
  for (const Part& part : request.parts) {
    if (&part == content) continue;
    if (part.name == "file")
      return wire::refuse(wire::invalid_value("file", "Only one 'file' may be sent."));
    if (part.file)
      return wire::refuse(wire::invalid_value(
          part.name, fmt::format("Invalid '{}': it must not be a file.", part.name),
          "invalid_type"));
    fields.emplace(part.name, part.value);
  }
  ATTUNE_ANSWER(const wire::FileRequest wanted, wire::parse_file_request(fields));
  if (content->filename->empty())
    return wire::refuse(wire::invalid_value("file", "Invalid 'file': its file name is empty."));
  if (content->bytes == 0)
    return wire::refuse(wire::invalid_value("file", "Invalid 'file': it is empty."));
  if (content->bytes > wire::kMostUploadBytes)
    return wire::refuse(wire::too_large(fmt::format("The file has {} bytes; the limit is {}.",
                                                    content->bytes, wire::kMostUploadBytes)));
  ATTUNE_ANSWER(const std::string digest, content->file->commit());
  const NewFile file{*content->filename, wanted.purpose, wanted.expires_after_seconds};
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER(PreparedFile prepared, prepare_file(app, file, digest, content->bytes));
  if (prepared.refusal) return refuse_file(app, tenant, std::move(prepared));
  ATTUNE_ANSWER_VOID(record_file(app, tenant, prepared));
  return Response::json(wire::to_json(prepared.row.file));
}

Answer<Response> list_files(App& app, Request& request) {
  ATTUNE_ANSWER(const wire::PageQuery page,
                wire::parse_page(request.query, kFilesOnPage, kFilesOnPage));
  ATTUNE_ANSWER(const std::optional<std::string> purpose,
                wire::parse_purpose_filter(request.query));
  ATTUNE_ANSWER(const auto files, app.store.list_files(request.principal.tenant, page, purpose));
  if (!files.cursor_found) return unknown_cursor(page);
  return Response::json(wire::list_json(files.items, files.has_more, wire::ListIds::or_empty));
}

Answer<Response> show_file(App& app, Request& request) {
  ATTUNE_ANSWER(const jobs::FileRow row,
                need_file(app, request.principal.tenant, request.parameter("file_id")));
  return Response::json(wire::to_json(row.file));
}

Answer<Response> show_content(App& app, Request& request) {
  ATTUNE_ANSWER(const jobs::FileRow row,
                need_file(app, request.principal.tenant, request.parameter("file_id")));
  ATTUNE_ANSWER(auto file, FileBody::open(app.blobs.path(row.digest)));
  Response response = Response::from_file(std::move(file), "application/octet-stream");
  response.headers.add("content-disposition",
                       "attachment; filename*=UTF-8''" + client::encode_segment(row.file.filename));
  return response;
}

Answer<Response> show_report(App& app, Request& request) {
  const std::string& id = request.parameter("file_id");
  ATTUNE_ANSWER(const jobs::FileRow row, need_file(app, request.principal.tenant, id));
  if (row.report.is_null()) return wire::refuse(wire::not_found("report of file", id));
  return Response::json(row.report);
}

Answer<Response> delete_file(App& app, Request& request) {
  const std::string& id = request.parameter("file_id");
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER_VOID(need_file(app, tenant, id));
  ATTUNE_ANSWER(const bool removed, app.store.remove_file(tenant, id));
  if (!removed) return wire::refuse(wire::not_found("File object", id));
  return Response::json(wire::deleted_json(id, "file"));
}

}  // namespace

void add_file_routes(Router& router, App& app) {
  router.add("POST", "/v1/files", "files:write",
             [&app](Request& request) { return create_file(app, request); },
             {.run = Run::long_running,
              .body = Body::multipart,
              .summary = "Upload a file",
              .request = "CreateFileRequest",
              .response = "OpenAIFile"});
  router.add("GET", "/v1/files", "files:read",
             [&app](Request& request) { return list_files(app, request); },
             {.summary = "List files", .response = "ListFilesResponse"});
  router.add("GET", "/v1/files/{file_id}", "files:read",
             [&app](Request& request) { return show_file(app, request); },
             {.summary = "Retrieve a file", .response = "OpenAIFile"});
  router.add("GET", "/v1/files/{file_id}/content", "files:read",
             [&app](Request& request) { return show_content(app, request); },
             {.summary = "Download the content of a file", .response = "binary"});
  router.add("GET", "/v1/files/{file_id}/report", "files:read",
             [&app](Request& request) { return show_report(app, request); },
             {.summary = "What the check of a training file found", .response = "FileReport"});
  router.add("DELETE", "/v1/files/{file_id}", "files:write",
             [&app](Request& request) { return delete_file(app, request); },
             {.summary = "Delete a file", .response = "DeleteFileResponse"});
}

}  // namespace attune::serve
