// What happens after each request: a line in the access log, and the counts of /metrics.
//
//   AccessLog access(log, metrics, router);
//   options.on_request = [&](const RequestRecord& record) { access.write(record); };
//
// A line has the pattern of the route, never the target as it came: queries and paths may hold
// secrets and names. Requests for health and metrics are written at level debug.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "serve/metrics.h"
#include "serve/router.h"
#include "serve/server.h"

namespace attune::serve {

class AccessLog {
 public:
  // Either pointer may be null. All routes must have been added. Everything outlives the object.
  AccessLog(Log* log, ServerMetrics* metrics, const Router& router);
  void write(const RequestRecord& record) const;

 private:
  Log* log_;
  ServerMetrics* metrics_;
  // Filled once, so that requests look up without a lock.
  std::map<std::pair<std::string_view, std::string_view>, RouteMetrics*> routes_;
};

}  // namespace attune::serve
