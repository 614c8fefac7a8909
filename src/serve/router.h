// The table of what is served: method and pattern to handler. Also the source of /openapi.json.
//
//   router.add("GET", "/v1/files/{file_id}", "files:read", handler);
//   router.add("GET", "/v1/models/{model...}", "models:read", handler);   // matches slashes too
//   router.add("POST", "/v1/chat/completions", "models:use", handler,
//              {.run = Run::long_running, .summary = "Create a chat completion"});
//
// A pattern has literal segments, parameters of one segment {name}, and at most one {name...} of
// one or more segments, anywhere. Segments are decoded before they are compared, so a slash inside
// a model's name may come raw or as %2F. A literal wins over a parameter, a parameter over a rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "serve/http.h"

namespace attune::serve {

// Where a handler runs.
enum class Run {
  on_io_thread,  // only what never blocks and takes microseconds
  on_worker,     // reads and writes the database or small files
  long_running   // seconds or more: generation, streams. Threads are added as needed, up to a limit
};

enum class Body {
  by_method,  // json for POST, none for the others
  none,       // what is sent is read and dropped
  json,       // Request::body; whether it must be there is json_body's decision
  multipart   // Request::parts, files on disk
};

struct RouteOptions {
  Run run = Run::on_worker;
  Body body = Body::by_method;
  std::int64_t max_body_bytes = 0;  // 0: the server's limit for that kind of body
  bool needs_key = true;            // false: health and the like
  bool remembers = true;            // honours Idempotency-Key, if it is a POST
  // For the OpenAPI document. `request` and `response` name schemas of openapi_schemas.cc.
  std::string summary = {};
  std::string request = {};
  std::string response = {};
  int status = 200;  // of a good answer
};

struct Route {
  std::string method;
  std::string pattern;
  std::string scope;  // that the key must have; empty: any key
  Handler handler;
  RouteOptions options;
};

// A request target taken apart.
struct Target {
  std::vector<std::string> segments;  // decoded
  std::string path;                   // segments joined
  wire::Query query;
};
// Refuses bad escapes, control characters, invalid UTF-8, "." and ".." as segments, and more than
// 200 query fields.
Answer<Target> parse_target(std::string_view target);

// %41 -> A; with `plus_is_space`, + -> blank. None: a bad escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

struct Match {
  const Route* route = nullptr;
  std::vector<std::pair<std::string, std::string>> parameters;
};
struct NoMatch {
  std::vector<std::string> allowed;  // methods that the path has; empty: there is no such path
};

class Router {
 public:
  // A pattern that is taken or malformed is our own mistake.
  void add(std::string method, std::string pattern, std::string scope, Handler handler,
           RouteOptions options = {});
  // HEAD finds the route of GET.
  std::variant<Match, NoMatch> match(std::string_view method,
                                     const std::vector<std::string>& segments) const;
  // In the order in which they were added. Pointers to routes stay valid until the next add().
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Compiled {
    std::vector<std::string> before;  // literals, or "{name}"
    std::string rest;                 // name of the {name...}, or empty
    std::vector<std::string> after;
  };
  std::vector<Route> routes_;
  std::vector<Compiled> compiled_;
};

}  // namespace attune::serve
