// GET /v1/models, GET and DELETE /v1/models/{model}: bases of this machine and tuned models of the
// tenant. A name may hold slashes, raw or encoded.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_model_routes(Router& router, App& app);

}  // namespace attune::serve
