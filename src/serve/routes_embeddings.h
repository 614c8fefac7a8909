// POST /v1/embeddings: the mean of the model's final states over each input, of length one.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_embedding_routes(Router& router, App& app);

}  // namespace attune::serve
