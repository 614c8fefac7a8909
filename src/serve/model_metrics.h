// What the loaded models are doing, for GET /metrics.
#pragma once

#include "serve/metrics.h"
#include "serve/model_pool.h"

namespace attune::serve {

// The pool must outlive the metrics.
void add_model_metrics(ServerMetrics& metrics, const ModelPool& pool);

}  // namespace attune::serve
