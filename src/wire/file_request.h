// The bodies of requests about files, uploads and checkpoint permissions, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"
#include "wire/error.h"
#include "wire/page.h"

namespace attune::wire {

inline constexpr std::int64_t kMostFileBytes = std::int64_t{512} << 20;
inline constexpr std::int64_t kMostPartBytes = std::int64_t{64} << 20;
inline constexpr std::int64_t kMostUploadBytes = std::int64_t{8} << 30;
inline constexpr std::int64_t kUploadSeconds = 3600;  // an upload's life

// POST /files: the fields beside the file. `fields` are the multipart form's, as a query has them:
// purpose, expires_after[anchor], expires_after[seconds].
struct FileRequest {
  std::string purpose;
  std::optional<std::int64_t> expires_after_seconds = {};
};
Answer<FileRequest> parse_file_request(const Query& fields);

// The value of ?purpose= in a list of files; none: all.
Answer<std::optional<std::string>> parse_purpose_filter(const Query& query);

// POST /uploads
struct UploadRequest {
  std::string filename;
  std::string purpose;
  std::int64_t bytes = 0;
  std::string mime_type;
  std::optional<std::int64_t> expires_after_seconds = {};
};
Answer<UploadRequest> parse_upload_request(const Json& body);

// POST /uploads/{upload_id}/complete
struct CompleteUploadRequest {
  std::vector<std::string> part_ids;    // at least one, in the order of the file, none twice
  std::optional<std::string> md5 = {};  // 32 lower-case hexadecimal digits
};
Answer<CompleteUploadRequest> parse_complete_upload_request(const Json& body);

// POST /fine_tuning/checkpoints/{model}/permissions: the projects, at least one, none twice.
Answer<std::vector<std::string>> parse_permission_request(const Json& body);

}  // namespace attune::wire
