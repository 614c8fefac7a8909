// Evals over HTTP: /v1/evals, their runs and the output items of runs. What works on runs is
// EvalRunner.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_eval_routes(Router& router, App& app);

}  // namespace attune::serve
