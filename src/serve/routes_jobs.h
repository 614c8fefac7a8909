// /v1/fine_tuning/jobs: create, list, retrieve, cancel, pause, resume, priority, events (a list, or
// live as server-sent events), checkpoints; and /v1/fine_tuning/checkpoints/{model}/permissions.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_job_routes(Router& router, App& app);
void add_permission_routes(Router& router, App& app);

}  // namespace attune::serve
