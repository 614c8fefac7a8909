// The alpha graders of the fine-tuning API: /v1/fine_tuning/alpha/graders/run and .../validate.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_grader_routes(Router& router, App& app);

}  // namespace attune::serve
