// What a handler sees of HTTP: the request with everything decoded, and the response it returns.
// Nothing here knows sockets.
//
//   Answer<Response> show_job(App& app, Request& request) {
//     const std::string& id = request.parameter("job_id");
//     ATTUNE_ANSWER(auto text, app.store.job_text(request.principal.tenant, id));
//     if (!text) return wire::not_found("fine-tuning job", id);
//     return Response::json_text(std::move(text));
//   }
//
// A handler runs on a thread of the worker pool and may block; see Run in router.h. A streaming
// answer is Response::stream(producer): the producer runs on that thread too, write() waits while
// the client is slow, and false from write() means that nobody listens any more:
//
//   return Response::stream([=](StreamWriter& out) {
//     while (...) if (!out.write("data: ...\n\n")) return;
//   });
//
// A stream that is mostly idle (live events) is a Subscription, which costs no thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/json.h"
#include "jobs/blobs.h"
#include "jobs/rows.h"
#include "wire/error.h"
#include "wire/page.h"

namespace attune::serve {

using wire::Answer;
using wire::ApiError;
using wire::Refusal;

// Field names compare without case; values are as they came, without surrounding blanks.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);  // replaces all of that name
  // The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  std::int64_t count(std::string_view name) const;
  bool empty() const { return fields_.empty(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};
bool equal_ignoring_case(std::string_view a, std::string_view b);

// Who asks. Without keys in the store, a client on this machine is the local tenant and may do all.
struct Principal {
  jobs::Tenant tenant;
  std::string key_id;  // empty: no key was needed
  std::vector<std::string> scopes = {"all"};
  std::optional<std::int64_t> unfinished_jobs_limit;
  std::optional<std::int64_t> requests_per_minute;

  // "files:write" is granted by itself, by "files", by "all"; "files:read" by "read" too.
  bool may(std::string_view scope) const;
};

// A part of a multipart/form-data body. A part with a file name went to disk while it arrived; the
// handler commits `file` and keeps the writer until the store refers to the digest.
struct Part {
  std::string name;
  std::optional<std::string> filename;
  std::string content_type;
  std::string value;                       // of a part without file name
  std::unique_ptr<jobs::BlobWriter> file;  // of a part with one
  std::string content_hash;                // of a part with one: XXH3, to compare, not to trust
  std::int64_t bytes = 0;
};

struct Request {
  std::string method;  // "GET" for a HEAD request as well: the server drops the body
  std::string target;  // as it came: "/v1/files?purpose=fine-tune"
  std::string path;    // without query, decoded
  wire::Query query;   // decoded: "metadata[key]" -> "value"
  Headers headers;
  std::string body;                                             // routes with Body::json
  std::vector<Part> parts;                                      // routes with Body::multipart
  std::vector<std::pair<std::string, std::string>> parameters;  // of the route's pattern, decoded
  std::string request_id;                                       // "req_...", sent as x-request-id
  std::string peer;                                             // the client's address, no port
  Principal principal;

  // Set when the client sent an Idempotency-Key: hashes of the key and of what it asks for. A
  // handler that stores the outcome in its own transaction (create_job) says so by `remembered`;
  // for all others the server stores a successful answer when the handler returns.
  std::optional<jobs::Remembered> remember;
  bool remembered = false;

  // The value of {name} in the route's pattern; a name that the pattern lacks is our own mistake.
  const std::string& parameter(std::string_view name) const;
  // False once the client has hung up; for long computations. Only routes with Run::long_running
  // are told.
  bool client_is_there() const { return !client_gone || !client_gone->load(); }
  std::shared_ptr<const std::atomic<bool>> client_gone;
  // The part of that name, or null. The first one, if there are several.
  Part* part(std::string_view name);
};

// The body as one JSON object: refuses another content type (415), an empty body, text that is no
// JSON, and JSON that is no object (400), in the API's words.
Answer<Json> json_body(const Request& request);

// 400: `after` names nothing in the list that is asked for.
Refusal unknown_cursor(const wire::PageQuery& page);

// Takes the bytes of a streaming answer. write() blocks while the client is behind.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // False: the client has gone or was too slow; stop.
  virtual bool write(std::string_view bytes) = 0;
  // The same without sending anything: for a long computation between two writes.
  virtual bool client_is_there() = 0;
};

// A stream that waits more than it sends. take() and fetch() are never called at the same time.
class Subscription {
 public:
  virtual ~Subscription() = default;
  struct Piece {
    std::string bytes = {};
    bool finished = false;    // the stream ends after these bytes
    bool must_fetch = false;  // what comes next is not in memory: call fetch()
  };
  // What is ready, perhaps nothing. Called on an input/output thread: never blocks.
  virtual Piece take() = 0;
  // Called on a worker thread: may read the database.
  virtual Piece fetch() = 0;
  // `wake` is called, from any thread and without locks held, when take() may have more.
  virtual void on_ready(std::function<void()> wake) = 0;
};

// An open file whose content is a body.
class FileBody {
 public:
  static Result<std::shared_ptr<FileBody>> open(const Path& path);
  std::int64_t bytes() const { return bytes_; }
  // Reads up to `limit` bytes from `offset`; empty at the end.
  Result<std::string> read(std::int64_t offset, std::int64_t limit) const;
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;
  ~FileBody();

 private:
  FileBody(int descriptor, std::int64_t bytes) : descriptor_(descriptor), bytes_(bytes) {}
  int descriptor_;
  std::int64_t bytes_;
};

struct Response {
  int status = 200;
  Headers headers;  // the server adds date, length, connection, request id and the like
  std::string body;
  std::shared_ptr<const std::string> shared_body;  // instead of `body`, to send without a copy
  std::shared_ptr<FileBody> file;                  // instead of `body`
  std::function<void(StreamWriter&)> producer;     // instead of `body`
  std::shared_ptr<Subscription> subscription;      // instead of `body`

  static Response json(const Json& value, int status = 200);
  static Response json_text(std::string text, int status = 200);
  static Response json_text(std::shared_ptr<const std::string> text);
  static Response text(std::string text, std::string content_type, int status = 200);
  static Response from_file(std::shared_ptr<FileBody> file, std::string content_type);
  // text/event-stream unless another content type is given.
  static Response stream(std::function<void(StreamWriter&)> producer,
                         std::string content_type = "text/event-stream");
  static Response events(std::shared_ptr<Subscription> subscription);
  static Response from_error(const ApiError& error);

  bool is_stream() const { return producer || subscription; }
};

using Handler = std::function<Answer<Response>(Request&)>;

}  // namespace attune::serve
