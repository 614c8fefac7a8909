#include "serve/access_log.h"

#include <fmt/format.h>

namespace attune::serve {

namespace {

bool is_probe(std::string_view route) { return route == "/metrics" || route == "/healthz"; }

}  // namespace

AccessLog::AccessLog(Log* log, ServerMetrics* metrics, const Router& router)
    : log_(log), metrics_(metrics) {
  if (metrics == nullptr) return;
  for (const Route& route : router.routes()) {
    RouteMetrics& counted = metrics->route(route.method, route.pattern);
    routes_[{counted.method(), counted.pattern()}] = &counted;
  }
}

void AccessLog::write(const RequestRecord& record) const {
  if (metrics_ != nullptr) {
    // A HEAD request is served by the route of GET.
    std::string_view method = record.method;
    if (method == "HEAD") method = "GET";
    const auto found = routes_.find({method, record.route});
    RouteMetrics& counted = found == routes_.end() ? metrics_->unmatched() : *found->second;
    counted.observe(record.status, record.seconds, record.bytes_out);
  }
  if (log_ == nullptr) return;
  Severity severity = Severity::info;
  if (is_probe(record.route)) severity = Severity::debug;
  if (record.status >= 500) severity = Severity::error;
  if (!log_->wants(severity)) return;
  const std::string_view route =
      record.route.empty() ? std::string_view("unmatched") : record.route;
  const LogField fields[] = {{"http.request.id", record.request_id},
                             {"http.request.method", record.method},
                             {"http.route", route},
                             {"http.response.status_code", record.status},
                             {"http.server.request.duration", record.seconds},
                             {"http.request.body.size", record.bytes_in},
                             {"http.response.body.size", record.bytes_out},
                             {"client.address", record.peer},
                             {"attune.key.id", record.key_id}};
  log_->write(severity, fmt::format("{} {} {}", record.method, route, record.status), fields);
}

}  // namespace attune::serve
