// What the routes work on: the parts of the running service. Made once in cli/serve.cc; each
// routes_*.h has a function that adds its routes:
//
//   void add_file_routes(Router& router, App& app);
//
// and whose handlers keep a reference to the App, which outlives the server.
#pragma once

#include <map>
#include <string>

#include "io/file.h"
#include "jobs/blobs.h"
#include "jobs/home.h"
#include "jobs/store.h"
#include "serve/http.h"
#include "serve/router.h"

namespace attune::serve {

class Authenticator;
class EventHub;
class ModelPool;
class Server;

struct App {
  jobs::Store& store;
  jobs::BlobStore& blobs;
  jobs::Home home;
  // Base models given by name on the command line, beside the folders below home.models().
  std::map<std::string, Path> base_models = {};

  // Set before routes are added, unless said otherwise.
  Authenticator* authenticator = nullptr;
  EventHub* events = nullptr;
  ModelPool* models = nullptr;
  Server* server = nullptr;  // set after the routes were added, for metrics
};

}  // namespace attune::serve
