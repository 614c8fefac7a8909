// The HTTP/1.1 server: sockets, TLS, limits, time-outs, streams. What it serves is in a Router.
//
//   ATTUNE_TRY(auto server, Server::open(options, router, authenticator, blobs, *store));
//   fmt::print("listening on {}\n", server->address());
//   ATTUNE_TRY_VOID(server->run());          // until stop(), from any thread or signal watcher
//
// A few input/output threads run one coroutine a connection; handlers run on worker threads (see
// Run in router.h). A connection that waits holds no thread, only its buffers.
//
// Every answer carries x-request-id; every failure is the API's error object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "jobs/store.h"
#include "serve/http.h"
#include "serve/router.h"

namespace attune::serve {

class Authenticator;

struct Limits {
  std::int64_t connections = 10000;
  std::int64_t connections_per_peer = 0;  // of one address; 0: no limit
  std::int64_t header_bytes = 16 << 10;
  std::int64_t json_bytes = 32 << 20;
  std::int64_t multipart_bytes = (std::int64_t{8} << 30) + (1 << 20);
  std::int64_t requests_per_minute = 6'000'000;  // of one key, or of one address without a key
  std::int64_t long_running = 64;                // handlers of Run::long_running at a time
  std::int64_t waiting = 4096;                   // handlers that wait for a worker thread
};

// Seconds.
struct TimeOuts {
  double header = 10;      // from the first byte of a request to the end of its header
  double keep_alive = 75;  // between two requests
  double body = 30;        // without a byte of the body
  double write = 30;       // without a byte taken by the client
  double handshake = 10;   // TLS
  double shutdown = 10;    // for answers in progress, when the server stops
  double ping = 15;        // between two comments in an idle event stream
};

// One line of the access log; also what metrics count.
struct RequestRecord {
  std::string request_id;
  std::string method;
  std::string route;  // the pattern; empty: none matched
  std::string peer;
  std::string key_id;
  int status = 0;
  double seconds = 0;         // from the end of the header to the last byte taken
  std::int64_t bytes_in = 0;  // of the body
  std::int64_t bytes_out = 0;
};

struct ServerCounters {
  std::int64_t connections = 0;
  std::int64_t event_streams = 0;
  std::int64_t waiting = 0;  // handlers that wait for a worker thread
  std::int64_t long_running = 0;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::int64_t port = 0;      // 0: any free one
  Path tls_certificate = {};  // PEM, with its chain; empty: no TLS
  Path tls_key = {};
  std::int64_t io_threads = 0;  // 0: one up to 4 CPUs, then a quarter of them, at most 4
  std::int64_t workers = 0;     // 0: 4 a CPU, at least 8
  Limits limits = {};
  TimeOuts time_outs = {};
  Log* log = nullptr;  // null: nothing is logged
  // Called on an input/output thread after each answer; must be quick.
  std::function<void(const RequestRecord&)> on_request = {};
};

class Server {
 public:
  // Binds the address. The references must outlive the server.
  static Result<std::unique_ptr<Server>> open(const ServerOptions& options, const Router& router,
                                              Authenticator& authenticator,
                                              const jobs::BlobStore& blobs, jobs::Store& store);
  ~Server();

  std::string address() const;  // "http://127.0.0.1:8000"
  std::int64_t port() const;
  // Serves until stop() was called and all answers are finished or out of time.
  Result<void> run();
  void stop();
  ServerCounters counters() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace attune::serve
