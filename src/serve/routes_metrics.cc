#include "serve/routes_metrics.h"

namespace attune::serve {

void add_metrics_routes(Router& router, ServerMetrics& metrics) {
  router.add("GET", "/metrics", "metrics",
             [&metrics](Request&) -> Answer<Response> {
               return Response::text(metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
             },
             {.summary = "Numbers about the server, in Prometheus' text format"});
}

}  // namespace attune::serve
