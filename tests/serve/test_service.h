// A server with the real routes, a store and a blob folder of its own, on a free port; without the
// models and the launcher.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "io/temporary_folder.h"
#include "jobs/store.h"
#include "serve/auth.h"
#include "serve/base_list.h"
#include "serve/event_hub.h"
#include "serve/openapi.h"
#include "serve/raw_client.h"
#include "serve/routes_files.h"
#include "serve/routes_jobs.h"
#include "serve/routes_keys.h"
#include "serve/routes_models.h"
#include "serve/routes_uploads.h"
#include "serve/routes_webhooks.h"
#include "serve/server.h"

namespace attune::serve {

class TestService {
 public:
  // `prepare` may add routes of a test and change options before the server starts.
  explicit TestService(
      const std::function<void(TestService&, Router&, ServerOptions&)>& prepare = {}) {
    home.root = folder.path();
    EXPECT_TRUE(home.create_folders());
    auto opened = jobs::Store::open("sqlite:" + home.database().string(), {});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message());
    store = std::move(*opened);
    blobs = std::make_unique<jobs::BlobStore>(*jobs::BlobStore::open(home.blobs()));
    authenticator = std::make_unique<Authenticator>(*store);
    events = std::make_unique<EventHub>(*store);
    make_base("tiny");
    bases = std::make_unique<BaseList>(home.models(), std::vector<std::string>());
    app = std::make_unique<App>(App{*store, *blobs, home});
    app->authenticator = authenticator.get();
    app->events = events.get();
    app->bases = bases.get();
    add_file_routes(router, *app);
    add_upload_routes(router, *app);
    add_job_routes(router, *app);
    add_permission_routes(router, *app);
    add_model_routes(router, *app);
    add_key_routes(router, *app);
    add_webhook_routes(router, *app);
    add_health_route(router, *app);
    ServerOptions options;
    if (prepare) prepare(*this, router, options);
    add_openapi_route(router);
    auto listening = Server::open(options, router, *authenticator, *blobs, *store);
    EXPECT_TRUE(listening) << (listening ? "" : listening.error().message());
    server = std::move(*listening);
    thread = std::thread([this] { EXPECT_TRUE(server->run()); });
  }
  ~TestService() { stop(); }
  TestService(const TestService&) = delete;
  TestService& operator=(const TestService&) = delete;

  void stop() {
    if (!thread.joinable()) return;
    server->stop();
    thread.join();
  }

  std::int64_t port() const { return server->port(); }

  Reply ask(std::string_view bytes, bool head_only = false) const {
    RawClient client(port());
    client.send(bytes);
    return client.read(head_only);
  }
  Reply get(const std::string& target, const std::string& fields = "") const {
    return ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  }
  Reply post(const std::string& target, const std::string& body,
             const std::string& fields = "") const {
    return ask("POST " + target +
               " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + fields +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  Reply remove(const std::string& target) const {
    return ask("DELETE " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  Reply upload(const std::string& content, const std::string& purpose = "fine-tune",
               const std::string& filename = "rows.jsonl") const {
    const std::string body =
        "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n" + purpose +
        "\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + filename +
        "\"\r\n\r\n" + content + "\r\n--B--\r\n";
    return ask(
        "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; "
        "boundary=B\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  static Json json(const Reply& reply) {
    auto parsed = parse_json(reply.body, "reply");
    EXPECT_TRUE(parsed) << reply.status << " " << reply.body;
    return parsed ? *parsed : Json();
  }
  // Ten good rows.
  static std::string rows(int count = 10) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += R"({"messages":[{"role":"user","content":"q)" + std::to_string(i) +
              R"("},{"role":"assistant","content":"a"}]})" + "\n";
    return text;
  }
  std::string create_file() const { return json(upload(rows())).value("id", ""); }
  std::string create_job() const {
    return json(post("/v1/fine_tuning/jobs",
                     R"({"model":"tiny","training_file":")" + create_file() + "\"}"))
        .value("id", "");
  }
  void make_base(const std::string& name) const {
    std::filesystem::create_directories(home.models() / name);
    EXPECT_TRUE(write_file_atomic(home.models() / name / "config.json", "{}"));
  }

  testing_support::TemporaryFolder folder;
  jobs::Home home;
  std::unique_ptr<jobs::Store> store;
  std::unique_ptr<jobs::BlobStore> blobs;
  std::unique_ptr<Authenticator> authenticator;
  std::unique_ptr<EventHub> events;
  std::unique_ptr<BaseList> bases;
  std::unique_ptr<App> app;
  Router router;
  std::unique_ptr<Server> server;
  std::thread thread;
};

}  // namespace attune::serve
