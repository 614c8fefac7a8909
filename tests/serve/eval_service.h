// A server with evals, graders and chat over a tiny base model that answers and judges, and the
// runner of evals; and the evals that its tests share.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "serve/eval_runner.h"
#include "serve/metrics.h"
#include "serve/routes_evals.h"
#include "serve/routes_graders.h"
#include "serve/test_service.h"
#include "serve/tiny_base.h"

namespace attune::serve {

class EvalService : public testing::Test {
 protected:
  EvalService()
      : service_([this](TestService& service, Router& router, ServerOptions&) {
          write_tiny_base(service.home.models() / "tiny", 7);
          PoolOptions options;
          options.models_folder = service.home.models();
          options.precision = model::Precision::f32;
          options.engine.threads = 2;
          pool_ = ModelPool::open(std::move(options), *service.store).value();
          service.app->models = pool_.get();
          service.app->metrics = &metrics_;
          add_chat_routes(router, *service.app);
          add_eval_routes(router, *service.app);
          add_grader_routes(router, *service.app);
          start(*service.app);
        }) {}
  ~EvalService() override {
    service_.stop();
    runner_.reset();
  }

  void start(App& app) {
    EvalRunnerOptions options;
    options.items_at_once = 3;
    options.lease_seconds = 5;
    options.look_seconds = 0.1;
    runner_ = std::make_unique<EvalRunner>(app, options);
    app.evals = runner_.get();
  }
  void restart_runner() {
    runner_.reset();
    start(*service_.app);
  }

  Json post(const std::string& path, const Json& body, int status = 201) const {
    const Reply reply = service_.post("/v1/" + path, to_text(body));
    EXPECT_EQ(reply.status, status) << reply.body;
    return TestService::json(reply);
  }
  Json get(const std::string& path, int status = 200) const {
    const Reply reply = service_.get("/v1/" + path);
    EXPECT_EQ(reply.status, status) << reply.body;
    return TestService::json(reply);
  }
  Json remove(const std::string& path) const {
    const Reply reply = service_.remove("/v1/" + path);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return TestService::json(reply);
  }
  // The error of a request that is to be refused with `status`.
  Json refusal(const std::string& path, const Json& body, int status = 400) const {
    return post(path, body, status)["error"];
  }

  std::string create_eval(const Json& criteria, const Json& item_schema = {{"type", "object"}}) {
    return post(
        "evals",
        {{"data_source_config",
          {{"type", "custom"}, {"item_schema", item_schema}, {"include_sample_schema", true}}},
         {"testing_criteria", criteria}})["id"];
  }
  Json create_run(const std::string& eval, const Json& data_source) {
    return post("evals/" + eval + "/runs", {{"data_source", data_source}});
  }
  Json wait(const Json& run) {
    const std::string path = fmt::format("evals/{}/runs/{}", run["eval_id"].get<std::string>(),
                                         run["id"].get<std::string>());
    for (int i = 0; i < 3000; ++i) {
      Json now = get(path);
      if (now["status"] != "queued" && now["status"] != "in_progress") return now;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "the run does not end";
    return run;
  }
  Json items(const Json& run, const std::string& query = "limit=100") {
    return get(fmt::format("evals/{}/runs/{}/output_items?{}", run["eval_id"].get<std::string>(),
                           run["id"].get<std::string>(), query))["data"];
  }

  static Json exact(const std::string& name = "exact") {
    return {{"type", "string_check"},
            {"name", name},
            {"input", "{{sample.output_text}}"},
            {"reference", "{{item.label}}"},
            {"operation", "eq"}};
  }
  static Json labelling() {
    return {{"type", "label_model"},
            {"name", "judge"},
            {"model", "tiny"},
            {"input", Json::array({{{"role", "user"}, {"content", "Is {{item.label}} good?"}}})},
            {"labels", {"good", "good enough", "bad"}},
            {"passing_labels", {"good", "good enough"}}};
  }
  static Json answered_rows() {
    const auto row = [](const char* label, const char* answer) {
      return Json{{"item", {{"label", label}}}, {"sample", {{"output_text", answer}}}};
    };
    return {{"type", "jsonl"},
            {"source",
             {{"type", "file_content"},
              {"content", Json::array({row("a", "a"), row("b", "<x>"), row("c", "c")})}}}};
  }
  static Json model_rows(int count, int tokens) {
    Json rows = Json::array();
    for (int i = 0; i < count; ++i)
      rows.push_back({{"item", {{"question", fmt::format("Why {}?", i)}, {"label", "x"}}}});
    return {{"type", "completions"},
            {"model", "tiny"},
            {"source", {{"type", "file_content"}, {"content", rows}}},
            {"input_messages",
             {{"type", "template"},
              {"template", Json::array({{{"role", "user"}, {"content", "{{item.question}}"}}})}}},
            {"sampling_params", {{"temperature", 0}, {"max_completion_tokens", tokens}}}};
  }

  ServerMetrics metrics_;
  std::unique_ptr<ModelPool> pool_;
  std::unique_ptr<EvalRunner> runner_;
  TestService service_;
};

}  // namespace attune::serve
