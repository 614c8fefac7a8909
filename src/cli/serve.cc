// attune serve: the API server of this machine. Puts the parts together and waits for a signal.
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <pthread.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"
#include "jobs/launcher.h"
#include "jobs/tracker_log.h"
#include "jobs/tracker_mlflow.h"
#include "jobs/tracker_wandb.h"
#include "jobs/trackers.h"
#include "jobs/webhooks.h"
#include "serve/access_log.h"
#include "serve/auth.h"
#include "serve/base_list.h"
#include "serve/eval_runner.h"
#include "serve/event_hub.h"
#include "serve/housekeeping.h"
#include "serve/metrics_sources.h"
#include "serve/model_metrics.h"
#include "serve/model_pool.h"
#include "serve/openapi.h"
#include "serve/routes_chat.h"
#include "serve/routes_completions.h"
#include "serve/routes_embeddings.h"
#include "serve/routes_evals.h"
#include "serve/routes_files.h"
#include "serve/routes_graders.h"
#include "serve/routes_jobs.h"
#include "serve/routes_keys.h"
#include "serve/routes_metrics.h"
#include "serve/routes_models.h"
#include "serve/routes_uploads.h"
#include "serve/routes_webhooks.h"
#include "serve/server.h"

namespace attune::cli {

namespace {

struct ServeOptions {
  serve::ServerOptions server;
  std::string database;
  std::vector<std::string> models;
  std::int64_t jobs_at_once = 1;
  std::int64_t threads = 0;
  std::string dtype = "bf16";
  bool no_jobs = false;
  bool private_webhooks = false;
  std::string log = "stderr";
  std::string log_format = "text";
  std::string tls_certificate, tls_key;
};

// SIGTERM and SIGINT, kept from all threads and waited for by one of them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);  // before any thread starts: they inherit it
    std::signal(SIGPIPE, SIG_IGN);
  }
  // True: one came.
  bool wait(std::int64_t nanoseconds) {
    const timespec time = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    return sigtimedwait(&set_, nullptr, &time) > 0;
  }

 private:
  sigset_t set_ = {};
};

// The parts of the running service, in the order in which they need each other.
struct Service {
  std::unique_ptr<Log> log;
  std::unique_ptr<jobs::Store> store;
  std::unique_ptr<jobs::BlobStore> blobs;
  std::unique_ptr<serve::Authenticator> authenticator;
  std::unique_ptr<serve::EventHub> events;
  std::unique_ptr<serve::BaseList> bases;
  std::unique_ptr<serve::ModelPool> pool;
  std::unique_ptr<serve::ServerMetrics> metrics;
  std::unique_ptr<serve::StoreMetrics> store_metrics;
  std::unique_ptr<serve::Housekeeping> housekeeping;
  std::unique_ptr<jobs::Launcher> launcher;
  std::unique_ptr<jobs::WebhookSender> webhooks;
  std::unique_ptr<jobs::Trackers> trackers;
  std::unique_ptr<serve::App> app;
  std::unique_ptr<serve::EvalRunner> evals;
  serve::Router router;
  std::unique_ptr<serve::AccessLog> access_log;
  std::unique_ptr<serve::Server> server;
};

Result<void> open_store(Service& service, const ServeOptions& options, const jobs::Home& home) {
  ATTUNE_TRY_VOID(home.create_folders());
  const std::string url = options.database.empty() ? home.database_url() : options.database;
  ATTUNE_TRY(service.store, jobs::Store::open(url, {.connections = 16}));
  ATTUNE_TRY(jobs::BlobStore blobs, jobs::BlobStore::open(home.blobs()));
  service.blobs = std::make_unique<jobs::BlobStore>(std::move(blobs));
  return {};
}

Result<void> check_exposure(Service& service, const ServeOptions& options) {
  const std::string& host = options.server.host;
  if (host == "localhost" || serve::is_loopback(host)) return {};
  ATTUNE_TRY(const bool any_key, service.store->any_key());
  if (any_key) return {};
  return bad_input(
      {.where = "--host " + host,
       .found = "no API key exists, and others than this machine could reach the server",
       .wanted = "a key, or a loopback address",
       .fix = "create a key with `attune keys create NAME`, or leave --host out"});
}

Result<void> start_jobs(Service& service, const ServeOptions& options, const jobs::Home& home) {
  if (options.no_jobs) return {};
  jobs::LauncherOptions launcher;
  launcher.database_url = options.database;
  launcher.models = options.models;
  launcher.jobs_at_once = options.jobs_at_once;
  launcher.worker_arguments = {"--threads", std::to_string(options.threads), "--dtype",
                               options.dtype};
  launcher.say = [log = service.log.get()](const std::string& line) { log->info(line); };
  ATTUNE_TRY(service.launcher, jobs::Launcher::start(*service.store, home, std::move(launcher)));
  return {};
}

void start_monitors(Service& service, const ServeOptions& options, const jobs::Home& home) {
  jobs::WebhookOptions webhooks;
  webhooks.allow_private_addresses = options.private_webhooks;
  service.webhooks =
      std::make_unique<jobs::WebhookSender>(*service.store, webhooks, service.log.get());
  service.webhooks->start();
  const std::string host = options.no_jobs ? std::string() : jobs::host_identity();
  service.trackers = std::make_unique<jobs::Trackers>(
      *service.store, jobs::TrackersOptions{.notes = home.root / "tracking", .host = host},
      service.log.get());
  service.trackers->add(std::make_unique<jobs::WandbTracker>(home.root / "wandb"));
  if (const auto mlflow = jobs::MlflowServer::from_environment())
    service.trackers->add(std::make_unique<jobs::MlflowTracker>(*mlflow));
  service.trackers->add(std::make_unique<jobs::LogTracker>(*service.log));
  service.trackers->start();
}

void add_metrics(Service& service) {
  serve::ServerMetrics& metrics = *service.metrics;
  metrics.add_source([&service](serve::MetricsText& text) { service.store_metrics->write(text); });
  metrics.add_source(serve::write_process_metrics);
  serve::add_model_metrics(metrics, *service.pool);
  metrics.add_source([&service](serve::MetricsText& text) {
    if (service.server) serve::write_server_metrics(text, service.server->counters());
    serve::write_webhook_metrics(text, service.webhooks->counters());
    serve::write_tracker_metrics(text, *service.trackers);
  });
}

void add_routes(Service& service) {
  serve::Router& router = service.router;
  serve::App& app = *service.app;
  serve::add_file_routes(router, app);
  serve::add_upload_routes(router, app);
  serve::add_job_routes(router, app);
  serve::add_permission_routes(router, app);
  serve::add_model_routes(router, app);
  serve::add_chat_routes(router, app);
  serve::add_completion_routes(router, app);
  serve::add_embedding_routes(router, app);
  serve::add_eval_routes(router, app);
  serve::add_grader_routes(router, app);
  serve::add_key_routes(router, app);
  serve::add_webhook_routes(router, app);
  serve::add_metrics_routes(router, *service.metrics);
  serve::add_health_route(router, app);
  serve::add_openapi_route(router);
}

Result<void> build(Service& service, const ServeOptions& options, const jobs::Home& home) {
  ATTUNE_TRY(service.log,
             Log::open({.destination = options.log,
                        .form = options.log_format == "json" ? LogForm::json : LogForm::text}));
  ATTUNE_TRY_VOID(open_store(service, options, home));
  ATTUNE_TRY_VOID(check_exposure(service, options));
  service.authenticator = std::make_unique<serve::Authenticator>(*service.store);
  service.events = std::make_unique<serve::EventHub>(*service.store);
  service.bases = std::make_unique<serve::BaseList>(home.models(), options.models);
  ATTUNE_TRY(const model::Precision precision, parse_precision(options.dtype));
  ATTUNE_TRY(service.pool,
             serve::ModelPool::open(
                 {.models_folder = home.models(), .named = options.models, .precision = precision},
                 *service.store));
  service.metrics = std::make_unique<serve::ServerMetrics>();
  service.store_metrics =
      std::make_unique<serve::StoreMetrics>(*service.store, jobs::host_identity());
  service.housekeeping =
      std::make_unique<serve::Housekeeping>(*service.store, *service.blobs, service.log.get());
  ATTUNE_TRY_VOID(start_jobs(service, options, home));
  start_monitors(service, options, home);
  service.app = std::make_unique<serve::App>(serve::App{*service.store, *service.blobs, home});
  service.app->authenticator = service.authenticator.get();
  service.app->events = service.events.get();
  service.app->bases = service.bases.get();
  service.app->models = service.pool.get();
  service.app->launcher = service.launcher.get();
  service.app->webhooks = service.webhooks.get();
  service.app->metrics = service.metrics.get();
  service.app->log = service.log.get();
  service.evals = std::make_unique<serve::EvalRunner>(*service.app, serve::EvalRunnerOptions());
  service.app->evals = service.evals.get();
  add_routes(service);
  add_metrics(service);
  service.access_log =
      std::make_unique<serve::AccessLog>(service.log.get(), service.metrics.get(), service.router);
  serve::ServerOptions server = options.server;
  server.tls_certificate = options.tls_certificate;
  server.tls_key = options.tls_key;
  server.log = service.log.get();
  server.on_request = [log = service.access_log.get()](const serve::RequestRecord& record) {
    log->write(record);
  };
  ATTUNE_TRY(service.server, serve::Server::open(server, service.router, *service.authenticator,
                                                 *service.blobs, *service.store));
  service.app->server = service.server.get();
  return {};
}

Result<int> run(const ServeOptions& options) {
  StopSignals signals;
  const jobs::Home home = jobs::Home::from_environment();
  Service service;
  ATTUNE_TRY_VOID(build(service, options, home));
  fmt::print("listening on {}\n", service.server->address());
  std::fflush(stdout);
  Result<void> served;
  std::atomic<bool> ended = false;
  std::thread serving([&] {
    served = service.server->run();
    ended = true;
  });
  while (!ended && !signals.wait(200'000'000)) {
  }
  service.server->stop();
  serving.join();
  // Requests are over: nothing wakes the launcher any more. Its workers save and give jobs back.
  service.evals->stop();
  if (service.launcher) service.launcher->stop();
  service.trackers->stop();
  service.webhooks->stop();
  ATTUNE_TRY_VOID(served);
  return 0;
}

}  // namespace

void add_serve(CLI::App& app, Body& selected) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand(
      "serve", "Serve files, fine-tuning jobs, models and inference over the OpenAI API.");
  command->add_option("--host", options->server.host, "Address to listen at")
      ->capture_default_str();
  options->server.port = 8080;
  command->add_option("--port", options->server.port, "Port; 0 for any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->add_option(
      "--database", options->database,
      "sqlite:/path/attune.db or postgresql://...; by default ATTUNE_HOME/attune.db");
  command->add_option("--model", options->models,
                      "NAME=FOLDER of a base model, beside those below ATTUNE_HOME/models");
  command->add_option("--tls-cert", options->tls_certificate, "Certificate with its chain, PEM");
  command->add_option("--tls-key", options->tls_key, "Private key of the certificate, PEM");
  command
      ->add_option("--workers", options->server.workers, "Threads for requests; 0 for four a CPU")
      ->check(CLI::Range(0, 1024));
  command->add_option("--jobs", options->jobs_at_once, "Jobs that train at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "Threads of each job; 0 for all CPUs")
      ->check(CLI::Range(0, 1024));
  declare_dtype(*command, options->dtype, true);
  command->add_flag("--no-jobs", options->no_jobs, "Run no jobs here; another server does");
  command->add_flag("--allow-private-webhooks", options->private_webhooks,
                    "Let webhooks go to addresses of the own network");
  command
      ->add_option("--requests-per-minute", options->server.limits.requests_per_minute,
                   "Of one API key that has no limit of its own")
      ->check(CLI::PositiveNumber);
  command->add_option("--log", options->log, "stderr, stdout, none or a file")
      ->capture_default_str();
  command->add_option("--log-format", options->log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace attune::cli
