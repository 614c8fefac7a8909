// GET /openapi.json: an OpenAPI 3.1 document of what this server serves, made from its routes, so
// that it can't name what is not there. GET /healthz beside it. Neither needs a key.
#pragma once

#include <string>
#include <string_view>

#include "io/json.h"
#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

// Added last: the document has the routes that were added before.
void add_openapi_route(Router& router);
void add_health_route(Router& router, App& app);

Json openapi_document(const Router& router);
// The schemas of requests and answers, by name (openapi_schemas.cc).
std::string_view openapi_schemas();
std::string_view openapi_eval_schemas();  // those of evals and graders (openapi_evals.cc)

}  // namespace attune::serve
