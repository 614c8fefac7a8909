// POST /v1/chat/completions.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_chat_routes(Router& router, App& app);

}  // namespace attune::serve
