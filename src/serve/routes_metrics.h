// GET /metrics: the text that Prometheus scrapes.
#pragma once

#include "serve/app.h"
#include "serve/metrics.h"

namespace attune::serve {

// `metrics` outlives the router. A key needs the scope "metrics"; the numbers are of all tenants.
void add_metrics_routes(Router& router, ServerMetrics& metrics);

}  // namespace attune::serve
