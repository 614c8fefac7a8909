#include "wire/file_request.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/fields.h"

namespace attune::wire {

namespace {

const std::vector<std::string_view> kPurposes = {"assistants", "batch",     "fine-tune",
                                                 "vision",     "user_data", "evals"};
const std::vector<std::string_view> kUploadPurposes = {"assistants", "batch", "fine-tune",
                                                       "vision"};
constexpr IntegerRange kExpirySeconds = {3600, 2592000};

ApiError unknown_word(std::string param, std::string_view found,
                      const std::vector<std::string_view>& words) {
  return invalid_value(std::move(param),
                       fmt::format("Invalid value: '{}'. Supported values are: {}.",
                                   quote_for_message(found), quoted_list(words)));
}

std::optional<std::int64_t> read_expiry(Fields& fields) {
  std::optional<Fields> expiry = fields.object("expires_after");
  if (!expiry) return std::nullopt;
  expiry->require("anchor");
  expiry->word("anchor", {"created_at"});
  expiry->require("seconds");
  return expiry->integer("seconds", kExpirySeconds);
}

// A form's fields are texts; as JSON they go through the same checks as a body.
Answer<Json> expiry_of_form(const Query& fields) {
  Json expiry = Json::object();
  for (const auto& [key, value] : query_map(fields, "expires_after")) {
    if (expiry.contains(key)) {
      return refuse(
          invalid_value("expires_after", "Invalid 'expires_after': a part of it is given twice."));
    }
    std::int64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, number);
    const bool is_number = read.ec == std::errc() && read.ptr == end;
    expiry[key] = is_number && key == "seconds" ? Json(number) : Json(value);
  }
  return expiry;
}

}  // namespace

Answer<FileRequest> parse_file_request(const Query& fields) {
  FileRequest request;
  ATTUNE_ANSWER(const std::optional<std::string> purpose, query_value(fields, "purpose"));
  if (!purpose) return refuse(missing_parameter("purpose"));
  if (std::find(kPurposes.begin(), kPurposes.end(), *purpose) == kPurposes.end()) {
    return refuse(unknown_word("purpose", *purpose, kPurposes));
  }
  request.purpose = *purpose;
  Json body = Json::object();
  ATTUNE_ANSWER(Json expiry, expiry_of_form(fields));
  if (!expiry.empty()) body["expires_after"] = std::move(expiry);
  Fields reader(body);
  request.expires_after_seconds = read_expiry(reader);
  if (auto error = reader.finish()) return refuse(std::move(*error));
  for (const auto& [key, value] : fields) {
    if (key != "purpose" && !key.starts_with("expires_after[")) {
      return refuse(unknown_parameter(quote_for_message(key)));
    }
  }
  return request;
}

Answer<std::optional<std::string>> parse_purpose_filter(const Query& query) {
  return query_value(query, "purpose");
}

Answer<UploadRequest> parse_upload_request(const Json& body) {
  UploadRequest request;
  Fields fields(body);
  request.filename = fields.required_text("filename", {1, 255});
  fields.require("purpose");
  request.purpose = fields.word("purpose", kUploadPurposes).value_or("");
  fields.require("bytes");
  request.bytes = fields.integer("bytes", {1, kMostUploadBytes}).value_or(0);
  request.mime_type = fields.required_text("mime_type", {1, 255});
  request.expires_after_seconds = read_expiry(fields);
  if (auto error = fields.finish()) return refuse(std::move(*error));
  return request;
}

Answer<CompleteUploadRequest> parse_complete_upload_request(const Json& body) {
  CompleteUploadRequest request;
  Fields fields(body);
  fields.require("part_ids");
  request.part_ids = fields.texts("part_ids", {1}).value_or(std::vector<std::string>());
  request.md5 = fields.text("md5", {32, 32});
  if (auto error = fields.finish()) return refuse(std::move(*error));
  std::set<std::string_view> seen;
  for (const std::string& id : request.part_ids) {
    if (!seen.insert(id).second) {
      return refuse(invalid_value(
          "part_ids",
          fmt::format("Invalid 'part_ids': '{}' is listed twice.", quote_for_message(id))));
    }
  }
  if (request.md5) {
    for (char& digit : *request.md5) {
      if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
      if ((digit < '0' || digit > '9') && (digit < 'a' || digit > 'f')) {
        return refuse(invalid_value(
            "md5", "Invalid 'md5': expected 32 hexadecimal digits, as md5sum gives."));
      }
    }
  }
  return request;
}

Answer<std::vector<std::string>> parse_permission_request(const Json& body) {
  Fields fields(body);
  fields.require("project_ids");
  auto projects = fields.texts("project_ids", {1, 100}, {1, 128});
  if (auto error = fields.finish()) return refuse(std::move(*error));
  const std::set<std::string_view> different(projects->begin(), projects->end());
  if (different.size() != projects->size()) {
    return refuse(invalid_value("project_ids", "Invalid 'project_ids': one is listed twice."));
  }
  return std::move(*projects);
}

}  // namespace attune::wire
