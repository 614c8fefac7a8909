// The MLflow tracker against a scripted server that keeps runs as MLflow does.
#include "jobs/tracker_mlflow.h"

#include <map>

#include <gtest/gtest.h>

#include "jobs/http_receiver.h"

namespace attune::testing_support {
namespace {

using namespace attune::jobs;

// One experiment at most, runs by id.
class FakeMlflow {
 public:
  FakeMlflow() {
    receiver.answer_by([this](const ReceivedRequest& request) { return answer(request); });
  }
  std::vector<std::string> calls() const {
    std::vector<std::string> paths;
    for (const ReceivedRequest& request : receiver.requests())
      paths.push_back(request.path().substr(std::string("/api/2.0/mlflow/").size()));
    return paths;
  }

  HttpReceiver receiver;
  std::atomic<int> refuse{0};  // a status, for every call
  std::string experiment;
  Json runs = Json::object();  // id -> {tags, params, metrics, status, end_time}

 private:
  Scripted answer(const ReceivedRequest& request) {
    if (refuse != 0) return client::answer({{"error_code", "BAD"}, {"message", "refused"}}, refuse);
    const std::string path = request.path().substr(std::string("/api/2.0/mlflow/").size());
    const Json body = request.body.empty() ? Json() : parse_json(request.body, "body").value();
    if (path == "experiments/get-by-name") {
      if (experiment.empty())
        return client::answer({{"error_code", "RESOURCE_DOES_NOT_EXIST"}, {"message", ""}}, 404);
      return client::answer({{"experiment", {{"experiment_id", "17"}, {"name", experiment}}}});
    }
    if (path == "experiments/create") {
      experiment = body["name"];
      return client::answer({{"experiment_id", "17"}});
    }
    if (path == "runs/search") {
      for (const auto& [id, run] : runs.items())
        if (body["filter"] ==
            "tags.`attune.job_id` = '" + run["tags"]["attune.job_id"].get<std::string>() + "'")
          return client::answer({{"runs", Json::array({{{"info", {{"run_id", id}}}}})}});
      return client::answer(Json::object());
    }
    if (path == "runs/create") {
      Json run = {{"name", body["run_name"]}, {"start_time", body["start_time"]}};
      for (const Json& tag : body["tags"])
        run["tags"][tag["key"].get<std::string>()] = tag["value"];
      runs["run1"] = run;
      return client::answer({{"run", {{"info", {{"run_id", "run1"}}}}}});
    }
    Json& run = runs[body["run_id"].get<std::string>()];
    if (path == "runs/log-batch") {
      for (const char* kind : {"tags", "params"})
        for (const Json& item : body.value(kind, Json::array()))
          run[kind][item["key"].get<std::string>()] = item["value"];
      for (const Json& item : body.value("metrics", Json::array())) run["metrics"].push_back(item);
    } else if (path == "runs/update") {
      run["status"] = body["status"];
      if (body.contains("end_time")) run["end_time"] = body["end_time"];
    }
    return client::answer(Json::object());
  }
};

class Mlflow : public testing::Test {
 protected:
  void SetUp() override {
    job_.job.id = "ftjob-abc";
    job_.job.model = "tiny";
    job_.job.created_at = 1'750'000'000;
    job_.job.training_file = "file-1";
    job_.job.status = JobStatus::running;
    tracker_ = make({.uri = server_.receiver.origin() + "/"});
  }
  std::unique_ptr<MlflowTracker> make(MlflowServer server) {
    server.total_seconds = 2;
    return std::make_unique<MlflowTracker>(server);
  }
  Result<void> update(std::vector<EventRow> events = {}, bool ended = false) {
    return tracker_->update({.job = job_, .events = events, .ended = ended}, notes_);
  }
  static EventRow point(std::int64_t step, double loss) {
    EventRow row{.event = {}, .sequence = step};
    row.event.type = "metrics";
    row.event.created_at = 1'750'000'000 + step;
    row.event.data = {{"step", step}, {"train_loss", loss}};
    return row;
  }
  const Json& run() { return server_.runs["run1"]; }

  FakeMlflow server_;
  JobRow job_;
  Json notes_ = Json::object();
  std::unique_ptr<MlflowTracker> tracker_;
};

TEST_F(Mlflow, ShowsAJobFromItsBeginningToItsEnd) {
  ASSERT_TRUE(update({point(1, 1.5)}).has_value());
  EXPECT_EQ(server_.experiment, "attune");
  EXPECT_EQ(run()["name"], "ftjob-abc");
  EXPECT_EQ(run()["start_time"], 1'750'000'000'000);
  EXPECT_EQ(run()["status"], "RUNNING");
  EXPECT_EQ(run()["params"]["model"], "tiny");
  EXPECT_FALSE(run()["params"].contains("n_epochs"));  // "auto" so far, and params never change
  EXPECT_EQ(
      run()["metrics"][0],
      (Json{{"key", "train_loss"}, {"value", 1.5}, {"timestamp", 1'750'000'001'000}, {"step", 1}}));
  job_.job.hyperparameters.n_epochs.value = 3;
  ASSERT_TRUE(update({point(2, 1.25)}).has_value());
  EXPECT_EQ(run()["params"]["n_epochs"], "3");
  EXPECT_EQ(run()["metrics"].size(), 2u);

  job_.job.status = JobStatus::succeeded;
  job_.job.finished_at = 1'750'000'060;
  job_.job.fine_tuned_model = "ft:tiny:local::abc";
  ASSERT_TRUE(update({}, true).has_value());
  EXPECT_EQ(run()["status"], "FINISHED");
  EXPECT_EQ(run()["end_time"], 1'750'000'060'000);
  EXPECT_EQ(run()["tags"]["attune.fine_tuned_model"], "ft:tiny:local::abc");
}

TEST_F(Mlflow, NeverShowsALostWorkersJobAsRunning) {
  ASSERT_TRUE(update().has_value());
  EXPECT_EQ(run()["status"], "RUNNING");
  job_.job.status = JobStatus::queued;
  ASSERT_TRUE(update().has_value());
  EXPECT_EQ(run()["status"], "SCHEDULED");
  job_.job.status = JobStatus::failed;
  job_.job.error = {.code = "out_of_memory", .message = "the worker was killed"};
  ASSERT_TRUE(update({}, true).has_value());
  EXPECT_EQ(run()["status"], "FAILED");
  EXPECT_EQ(run()["tags"]["attune.error"], "the worker was killed");
}

TEST_F(Mlflow, ShowsACancelledJobAsKilled) {
  job_.job.status = JobStatus::cancelled;
  ASSERT_TRUE(update({}, true).has_value());
  EXPECT_EQ(run()["status"], "KILLED");
}

TEST_F(Mlflow, FindsItsRunAgainWhenACrashLostTheNote) {
  ASSERT_TRUE(update().has_value());
  notes_ = Json::object();
  ASSERT_TRUE(update().has_value());
  EXPECT_EQ(server_.runs.size(), 1u);
  EXPECT_EQ(notes_["run_id"], "run1");
}

TEST_F(Mlflow, CallsNothingWhenNothingIsNew) {
  ASSERT_TRUE(update().has_value());
  const std::size_t calls = server_.calls().size();
  ASSERT_TRUE(update().has_value());
  EXPECT_EQ(server_.calls().size(), calls);
}

TEST_F(Mlflow, SendsManyPointsInBatches) {
  std::vector<EventRow> events;
  for (std::int64_t step = 1; step <= 2500; ++step) events.push_back(point(step, 1));
  ASSERT_TRUE(update(events).has_value());
  EXPECT_EQ(run()["metrics"].size(), 2500u);
  for (const ReceivedRequest& request : server_.receiver.requests())
    EXPECT_LT(request.body.size(), 1'000'000u);
}

TEST_F(Mlflow, UsesTheExperimentOfTheOperator) {
  tracker_ = make({.uri = server_.receiver.origin(), .experiment = "mine"});
  ASSERT_TRUE(update().has_value());
  EXPECT_EQ(server_.experiment, "mine");
}

TEST_F(Mlflow, SaysWhatTheServerRefused) {
  server_.refuse = 400;
  const auto refused = update();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().where, "MLflow experiments/get-by-name");
  EXPECT_EQ(refused.error().found, "status 400 BAD refused");
}

TEST_F(Mlflow, SaysThatNobodyAnswers) {
  tracker_ = make({.uri = "http://127.0.0.1:1"});
  const auto refused = update();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::environment);
}

TEST_F(Mlflow, SendsItsCredentialsAndNeverShowsThem) {
  tracker_ = make({.uri = server_.receiver.origin(), .token = "secret-token"});
  ASSERT_TRUE(update().has_value());
  EXPECT_EQ(server_.receiver.requests()[0].header("authorization"), "Bearer secret-token");
  tracker_ = make({.uri = server_.receiver.origin(), .user = "me", .password = "hunter2"});
  server_.refuse = 401;
  notes_ = Json::object();
  const auto refused = update();
  EXPECT_EQ(server_.receiver.requests().back().header("authorization"), "Basic bWU6aHVudGVyMg==");
  EXPECT_EQ(refused.error().message().find("hunter2"), std::string::npos);
}

TEST_F(Mlflow, StopsWaitingWhenTold) {
  HttpReceiver hanging;
  hanging.hang();
  tracker_ =
      std::make_unique<MlflowTracker>(MlflowServer{.uri = hanging.origin(), .total_seconds = 60});
  std::thread stopper([&] {
    hanging.wait_for_requests(1);
    tracker_->stop();
  });
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(update().has_value());
  stopper.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
}

}  // namespace
}  // namespace attune::testing_support
