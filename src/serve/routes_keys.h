// API keys over HTTP (an extension of ours): POST, GET /v1/keys, DELETE /v1/keys/{key_id},
// POST /v1/keys/{key_id}/rotate. The key itself is in the answer that makes it, and nowhere else.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_key_routes(Router& router, App& app);

}  // namespace attune::serve
