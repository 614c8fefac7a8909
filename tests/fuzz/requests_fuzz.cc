// Any JSON as the body of every request and as every object of an answer: refused with words, or
// read so that what was read comes back from its own JSON.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/chat.h"
#include "wire/completions.h"
#include "wire/embeddings.h"
#include "wire/file_request.h"
#include "wire/job_request.h"
#include "wire/objects.h"
#include "wire/page.h"
#include "wire/training_file.h"

namespace {

using namespace attune;
using namespace attune::wire;

template <typename T>
bool well_answered(const Answer<T>& answer) {
  if (answer) return true;
  CHECK(!answer.error().message.empty() && answer.error().status == 400, "a refusal without words");
  CHECK(parse_json(error_text(answer.error()), "error").has_value(), "an error that is not JSON");
  return false;
}

template <typename T>
void check_object(const Json& body) {
  const Result<T> read = from_json<T>(body);
  if (!read) {
    CHECK(!read.error().found.empty() && !read.error().where.empty(), "an error without a place");
    return;
  }
  const Result<Json> written = parse_json(to_text(wire::to_json(*read)), "written");
  CHECK(written.has_value(), "an object that is not JSON");
  const Result<T> again = from_json<T>(*written);
  CHECK(again.has_value() && *again == *read, "an object that changed by writing");
}

void check_query(std::string_view text) {
  Query query;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t equals = std::min(line.find('='), line.size());
    query.emplace(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
    at = end + 1;
  }
  if (const auto page = parse_page(query, 20, 100); well_answered(page)) {
    CHECK(page->limit >= 1 && page->limit <= 100, "a page of {} items", page->limit);
  }
  well_answered(parse_file_request(query));
  query_map(query, "metadata");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_query(text);
  const Result<Json> body = parse_json(text, "fuzz");
  if (!body) return 0;
  if (const auto request = parse_job_request(*body); well_answered(request)) {
    const auto again = parse_job_request(wire::to_json(*request));
    CHECK(again.has_value() && *again == *request, "a job request that changed by writing");
  }
  if (const auto request = parse_chat_request(*body); well_answered(request)) {
    CHECK(!request->messages.empty() && request->sampling.n >= 1, "an empty chat request");
  }
  if (const auto request = parse_completion_request(*body); well_answered(request)) {
    CHECK(!request->prompts.empty() && request->best_of >= request->sampling.n, "no prompt");
  }
  well_answered(parse_embeddings_request(*body));
  well_answered(parse_upload_request(*body));
  well_answered(parse_complete_upload_request(*body));
  well_answered(parse_permission_request(*body));
  well_answered(parse_metadata(*body));
  check_object<FileObject>(*body);
  check_object<UploadObject>(*body);
  check_object<UploadPartObject>(*body);
  check_object<JobObject>(*body);
  check_object<EventObject>(*body);
  check_object<CheckpointObject>(*body);
  check_object<PermissionObject>(*body);
  check_object<ModelObject>(*body);
  check_object<TrainingFileReport>(*body);
  return 0;
}
