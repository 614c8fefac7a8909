// POST, GET /v1/files, GET, DELETE /v1/files/{file_id}, GET .../content, GET .../report.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_file_routes(Router& router, App& app);

}  // namespace attune::serve
