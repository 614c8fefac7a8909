// Webhook endpoints over HTTP (the hosted service has a dashboard for it): /v1/webhook_endpoints,
// their deliveries, and sending a delivery again.
#pragma once

#include "serve/app.h"
#include "serve/router.h"

namespace attune::serve {

void add_webhook_routes(Router& router, App& app);

}  // namespace attune::serve
