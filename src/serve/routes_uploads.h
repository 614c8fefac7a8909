// Large files in parts: POST /v1/uploads, .../parts, .../complete, .../cancel.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_upload_routes(Router& router, App& app);

}  // namespace attune::serve
