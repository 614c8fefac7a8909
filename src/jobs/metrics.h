// What a job says about each step: the metrics event, the log that the result file is made from,
// and the checkpoint's metrics. One struct for the three, so that they can't differ.
//
//   MetricsLog log(folder / "metrics.jsonl");
//   ATTUNE_TRY_VOID(log.append(metrics));               // a resumed run cuts what it does again
//   events.push_back(metrics_event(metrics, total_steps, pace));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "jobs/rows.h"
#include "train/run_log.h"

namespace attune::jobs {

using StepMetrics = wire::CheckpointMetrics;  // of one step; step is always there

// Leaves out what is not a finite number.
struct LossAndAccuracy {
  double loss = 0;
  double accuracy = 0;  // share of target tokens that were the most likely ones
};
void set_train(StepMetrics& metrics, const LossAndAccuracy& value);  // before the step's update
void set_valid(StepMetrics& metrics, const LossAndAccuracy& value);  // of a few validation rows
void set_full_valid(StepMetrics& metrics, const LossAndAccuracy& value);  // of all of them

// Of this process, for people who watch.
struct Pace {
  double tokens_per_second = 0;
  double peak_fraction = 0;
  double eta_seconds = 0;
  double learning_rate = 0;
  std::int64_t memory_bytes = 0;  // resident
  std::int64_t epoch = 0, epochs = 0;
};

// "Step 3/30: training loss=0.15, validation loss=0.27", of type metrics, once a step.
NewEvent metrics_event(const StepMetrics& metrics, std::int64_t total_steps, const Pace& pace);

// metrics.jsonl in a run's folder: one line a step, each step once.
class MetricsLog {
 public:
  explicit MetricsLog(Path path) : path_(std::move(path)) {}
  // The first call cuts what the log holds from this step on: the run continues there.
  Result<void> append(const StepMetrics& metrics);
  Result<void> flush();

 private:
  Path path_;
  std::optional<train::RunLog> log_;
};

Result<std::vector<StepMetrics>> read_metrics(const Path& log);

}  // namespace attune::jobs
