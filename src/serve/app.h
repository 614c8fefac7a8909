// What the routes work on: the parts of the running service. Made once in cli/serve.cc; each
// routes_*.h has a function that adds its routes:
//
//   void add_file_routes(Router& router, App& app);
//
// and whose handlers keep a reference to the App, which outlives the server.
#pragma once

#include "base/log.h"
#include "io/file.h"
#include "jobs/blobs.h"
#include "jobs/home.h"
#include "jobs/store.h"
#include "serve/http.h"
#include "serve/router.h"

namespace attune::jobs {
class Launcher;
class WebhookSender;
}  // namespace attune::jobs

namespace attune::serve {

class Authenticator;
class BaseList;
class EvalRunner;
class EventHub;
class ModelPool;
class Server;
class ServerMetrics;

struct App {
  jobs::Store& store;
  jobs::BlobStore& blobs;
  jobs::Home home;

  // Set before routes are added, unless said otherwise.
  Authenticator* authenticator = nullptr;
  EventHub* events = nullptr;
  BaseList* bases = nullptr;
  ModelPool* models = nullptr;
  EvalRunner* evals = nullptr;              // null: another process works on runs of evals
  jobs::Launcher* launcher = nullptr;       // null: another process runs the jobs
  jobs::WebhookSender* webhooks = nullptr;  // null: this process sends none
  ServerMetrics* metrics = nullptr;         // null: nothing is counted
  Log* log = nullptr;                       // null: nothing is logged
  Server* server = nullptr;                 // set after the routes were added, for metrics
};

}  // namespace attune::serve
