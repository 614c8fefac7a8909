// One HTTP client over libcurl: requests with bodies from memory or from files, answers whole or as
// they come, time-outs, retries by RetryPolicy. It knows no API; session.h adds addresses and keys.
//
//   HttpClient http({});
//   HttpOutcome outcome = http.send({.method = "GET", .url = "https://..."});
//   if (!outcome) ... outcome.error().what ...      // no answer came
//   else if (outcome->status == 200) ... outcome->body ...
//
// One object serves one thread and keeps its connections open between calls. Redirects of GET are
// followed; the secret headers go with them only to the same scheme, host and port. Nothing here
// writes a header or a body to a log or into a message.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "client/retry.h"
#include "io/file.h"

namespace attune::client {

// Part of a file that is sent from disk; bytes -1 means up to its end.
struct FileSlice {
  Path path;
  std::int64_t offset = 0;
  std::int64_t bytes = -1;
};

// A field of a multipart form: text, or a slice of a file under a file name.
struct FormField {
  std::string name;
  std::string text = {};
  std::optional<FileSlice> file = {};
  std::string file_name = {};
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HeaderList headers = {};
  HeaderList secret_headers = {};  // keys; they stay with the origin of `url`
  std::string body = {};
  std::vector<FormField> form = {};         // multipart/form-data in the place of body
  std::optional<FileSlice> body_file = {};  // raw bytes in the place of body
  double total_seconds = 600;               // 0: no limit, only the idle one
  double idle_seconds = 600;                // without a byte in either direction
  const std::atomic<bool>* stop = nullptr;  // set from another thread: the call ends soon
  // The bytes of a 2xx answer as they come; the answer's body stays empty. False ends the call.
  std::function<bool(std::string_view)> on_body = {};
  // After the headers of a 2xx answer that goes to on_body.
  std::function<void(const HeaderList&)> on_headers = {};
  std::function<void(std::int64_t)> on_sent = {};  // bytes of body sent so far
  // Asked before each connection, with the numeric address that the host's name stands for; false
  // refuses it. With it set, no proxy is used.
  std::function<bool(std::string_view address)> may_connect = {};
  bool retry = true;
};

struct HttpResponse {
  int status = 0;
  HeaderList headers = {};
  std::string body = {};
  int retries = 0;  // attempts before this one
};

struct NoAnswer {
  std::string what;          // in words, without address and secrets
  bool stopped = false;      // by `stop` or by on_body
  bool began = false;        // part of the answer had gone to on_body
  bool local_fault = false;  // an unreadable file, an address that curl refuses
  int retries = 0;
};

using HttpOutcome = tl::expected<HttpResponse, NoAnswer>;

// What a test replaces: waiting, chance and the clock.
struct Waiting {
  std::function<void(double seconds)> sleep;
  std::function<double()> random;  // [0, 1)
  std::function<double()> now;     // Unix time

  static Waiting real();
};

struct HttpOptions {
  RetryPolicy retries = {};
  Waiting waiting = Waiting::real();
  double connect_seconds = 5;
  std::int64_t most_body_bytes = std::int64_t{256} << 20;
  std::string user_agent = "attune";
};

class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  HttpClient(HttpClient&&) noexcept;
  ~HttpClient();

  // One call with its retries and redirects. An answer of any status is an answer.
  HttpOutcome send(const HttpRequest& request);

 private:
  HttpOutcome attempt(const HttpRequest& request);
  HttpOutcome follow_redirects(HttpRequest request);
  bool wait(double seconds, const std::atomic<bool>* stop);

  struct Handle;
  HttpOptions options_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace attune::client
