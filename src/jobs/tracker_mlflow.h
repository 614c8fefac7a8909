// Shows jobs on an MLflow tracking server over its REST API (2.0).
//
//   trackers.add(std::make_unique<MlflowTracker>(MlflowServer{.uri = "http://mlflow:5000"}));
//
// The server is the operator's choice, never a client's. Every job becomes a run of one experiment.
// The run's status is the job's: RUNNING only while it runs, SCHEDULED while it waits (also after
// its worker was lost), FINISHED, FAILED or KILLED in the end.
#pragma once

#include <atomic>
#include <string>

#include "client/http_client.h"
#include "jobs/tracker.h"

namespace attune::jobs {

struct MlflowServer {
  std::string uri;  // "http://host:5000", perhaps with a path
  std::string experiment = "attune";
  std::string token = {};  // sent as a bearer token
  std::string user = {}, password = {};
  double total_seconds = 10;

  // From MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME, MLFLOW_TRACKING_TOKEN,
  // MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD. None without an address.
  static std::optional<MlflowServer> from_environment();
};

class MlflowTracker final : public Tracker {
 public:
  explicit MlflowTracker(MlflowServer server);
  std::string name() const override { return "mlflow"; }
  bool wants(const JobRow&) const override { return true; }
  Result<void> update(const TrackerUpdate& update, Json& notes) override;
  void stop() override { stopping_ = true; }

 private:
  Result<Json> call(const std::string& method, const std::string& path, const Json& body);
  Result<std::string> find_experiment(const std::string& name);
  Result<std::string> find_run(const std::string& experiment_id, const std::string& job_id);
  Result<void> begin(const JobRow& job, Json& notes);
  Result<void> log_metrics(const TrackerUpdate& update, const std::string& run_id);
  Result<void> log_settings(const TrackerUpdate& update, Json& notes);
  Result<void> set_status(const TrackerUpdate& update, Json& notes);

  MlflowServer server_;
  client::HttpClient http_;
  std::atomic<bool> stopping_{false};
};

}  // namespace attune::jobs
