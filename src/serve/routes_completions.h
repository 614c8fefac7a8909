// POST /v1/completions: prompts continued as plain text, with echo and log-probabilities.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_completion_routes(Router& router, App& app);

}  // namespace attune::serve
