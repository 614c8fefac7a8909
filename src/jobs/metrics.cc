#include "jobs/metrics.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "io/jsonl.h"

namespace attune::jobs {

namespace {

void set(std::optional<double>& loss, std::optional<double>& accuracy,
         const LossAndAccuracy& value) {
  if (!std::isfinite(value.loss)) return;
  loss = value.loss;
  accuracy = value.accuracy;
}

std::int64_t step_of(const StepMetrics& metrics) {
  return static_cast<std::int64_t>(metrics.step.value_or(0));
}

}  // namespace

void set_train(StepMetrics& metrics, const LossAndAccuracy& value) {
  set(metrics.train_loss, metrics.train_mean_token_accuracy, value);
}
void set_valid(StepMetrics& metrics, const LossAndAccuracy& value) {
  set(metrics.valid_loss, metrics.valid_mean_token_accuracy, value);
}
void set_full_valid(StepMetrics& metrics, const LossAndAccuracy& value) {
  set(metrics.full_valid_loss, metrics.full_valid_mean_token_accuracy, value);
}

NewEvent metrics_event(const StepMetrics& metrics, std::int64_t total_steps, const Pace& pace) {
  const std::int64_t step = step_of(metrics);
  std::string message = fmt::format("Step {}/{}: training loss={:.2f}", step, total_steps,
                                    metrics.train_loss.value_or(0));
  if (metrics.valid_loss) message += fmt::format(", validation loss={:.2f}", *metrics.valid_loss);
  if (metrics.full_valid_loss) {
    message += fmt::format(", full validation loss={:.2f}", *metrics.full_valid_loss);
  }
  NewEvent event = info_event(std::move(message), fmt::format("step {}", step));
  event.event.type = "metrics";
  Json data = wire::metrics_data(metrics, total_steps);
  data["epoch"] = pace.epoch;
  data["n_epochs"] = pace.epochs;
  data["learning_rate"] = pace.learning_rate;
  data["tokens_per_second"] = pace.tokens_per_second;
  data["peak_fraction"] = pace.peak_fraction;
  data["eta_seconds"] = pace.eta_seconds;
  data["memory_bytes"] = pace.memory_bytes;
  event.event.data = std::move(data);
  return event;
}

Result<void> MetricsLog::append(const StepMetrics& metrics) {
  if (!log_) {
    ATTUNE_TRY(train::RunLog opened, train::RunLog::open(path_, step_of(metrics) - 1));
    log_.emplace(std::move(opened));
  }
  Json line = wire::to_json(metrics);
  line["step"] = step_of(metrics);  // as a whole number, by which the log finds its steps
  return log_->append(to_text(line));
}

Result<void> MetricsLog::flush() {
  if (!log_) return {};
  return log_->flush();
}

Result<std::vector<StepMetrics>> read_metrics(const Path& log) {
  ATTUNE_TRY(const std::string text, read_file(log));
  std::vector<StepMetrics> rows;
  for (const JsonLine& line : parse_jsonl(text, log.string()).rows) {
    ATTUNE_TRY(StepMetrics row, wire::from_json<StepMetrics>(line.value, log.string()));
    rows.push_back(row);
  }
  return rows;
}

}  // namespace attune::jobs
