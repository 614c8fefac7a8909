// Large files through POST /uploads: parts of up to 64 MiB, the MD5 of the whole at the end.
//
// The place reached is kept in a small file, so that a broken upload goes on where it was when the
// same file is sent again to the same endpoint:
//
//   <state folder>/upload-<hash of endpoint and path>.json
//     {"endpoint", "path", "bytes", "modified", "part_bytes", "upload_id", "parts": [ids],
//     "created_at"}
//
// It counts only while the file's size and time are the same and the upload has not expired.
#pragma once

#include <string>

#include "client/api_client.h"
#include "client/session.h"

namespace attune::client {

// The upload object after its completion; "file" holds the file object.
Reply<Json> upload_in_parts(Session& session, const Path& path, const UploadOptions& options);

// Lower-case hexadecimal.
Result<std::string> md5_of_file(const Path& path);

}  // namespace attune::client
