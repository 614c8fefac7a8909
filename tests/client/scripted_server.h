// An HTTP server on a loopback port that answers as a test says: what a provider would send, and
// what goes wrong on the way.
//
//   ScriptedServer server([](const Seen& request) { return Scripted{.status = 200, .body = "{}"};
//   }); server.url() + "/v1"   server.seen()
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client/retry.h"
#include "io/json.h"

namespace attune::client {

struct Seen {
  std::string method;
  std::string target;  // "/v1/files?limit=2"
  HeaderList headers;
  std::string body;

  std::string path() const { return target.substr(0, target.find('?')); }
  std::string header(std::string_view name) const {
    return find_header(headers, name).value_or("");
  }
};

struct Scripted {
  int status = 200;
  HeaderList headers = {{"Content-Type", "application/json"}};
  std::string body = "{}";
  bool drop = false;                     // close without an answer
  std::int64_t cut_after = -1;           // send so many bytes of the body, then close
  std::vector<std::string> pieces = {};  // a body without a length, sent piece by piece
  double pause = 0;                      // seconds before each piece, or before the answer
};

// The usual answers.
Scripted answer(const Json& body, int status = 200, HeaderList more_headers = {});

class ScriptedServer {
 public:
  using Handler = std::function<Scripted(const Seen&)>;

  explicit ScriptedServer(Handler handler);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const { return port_; }
  std::string url() const;
  std::vector<Seen> seen() const;
  int connections() const;  // so far

 private:
  void accept_all();
  void serve(int connection);
  bool exchange(int connection, std::string& buffer);
  bool reply(int connection, const Scripted& scripted);
  void pause(double seconds) const;

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::vector<std::thread> threads_;
  std::vector<int> connections_;
  std::thread accepting_;
};

// The parts of a multipart/form-data body: name, file name, content.
struct Part {
  std::string name, file_name, content;
};
std::vector<Part> form_parts(const Seen& request);

}  // namespace attune::client
