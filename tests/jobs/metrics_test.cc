#include "jobs/metrics.h"

#include <limits>

#include <gtest/gtest.h>

#include "io/temporary_folder.h"
#include "jobs/result_csv.h"

namespace attune::jobs {
namespace {

using testing_support::TemporaryFolder;

StepMetrics metrics_of(std::int64_t step, double loss) {
  StepMetrics metrics;
  metrics.step = static_cast<double>(step);
  set_train(metrics, {loss, 0.5});
  return metrics;
}

TEST(Metrics, AreToldInTheWordsOfTheHostedService) {
  StepMetrics metrics = metrics_of(300, 0.154);
  set_valid(metrics, {0.27, 0.9});
  set_full_valid(metrics, {0.4, 0.8});
  const NewEvent event = metrics_event(metrics, 303, {.tokens_per_second = 12});
  EXPECT_EQ(event.event.message,
            "Step 300/303: training loss=0.15, validation loss=0.27, full validation loss=0.40");
  EXPECT_EQ(event.event.type, "metrics");
  EXPECT_EQ(event.once, "step 300");
  EXPECT_EQ(event.event.data["step"], 300);
  EXPECT_EQ(event.event.data["total_steps"], 303);
  EXPECT_EQ(event.event.data["full_valid_loss"], 0.4);
  EXPECT_EQ(event.event.data["tokens_per_second"], 12);
}

TEST(Metrics, LeaveOutWhatIsNotANumber) {
  StepMetrics metrics = metrics_of(1, 1);
  set_valid(metrics, {std::numeric_limits<double>::quiet_NaN(), 0});
  EXPECT_FALSE(metrics.valid_loss);
  EXPECT_FALSE(metrics_event(metrics, 2, {}).event.data.contains("valid_loss"));
}

TEST(Metrics, LogHasEachStepOnceWhenARunGoesBack) {
  const TemporaryFolder folder;
  const Path path = folder.path() / "metrics.jsonl";
  {
    MetricsLog log(path);
    for (const std::int64_t step : {1, 2, 3, 4}) ASSERT_TRUE(log.append(metrics_of(step, 1)));
  }
  MetricsLog resumed(path);
  for (const std::int64_t step : {3, 4, 5}) ASSERT_TRUE(resumed.append(metrics_of(step, 2)));
  ASSERT_TRUE(resumed.flush());
  const auto rows = read_metrics(path);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 5U);
  for (std::size_t i = 0; i < rows->size(); ++i) {
    EXPECT_EQ((*rows)[i].step, static_cast<double>(i + 1));
    EXPECT_EQ((*rows)[i].train_loss, i < 2 ? 1 : 2);
  }
}

TEST(ResultCsv, HasTheDocumentedColumnsAndEmptyCells) {
  std::vector<StepMetrics> rows = {metrics_of(1, 1.523471), metrics_of(2, 0.5)};
  set_full_valid(rows[1], {0.25, 1});
  EXPECT_EQ(result_csv(rows),
            "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,"
            "full_valid_loss,full_valid_mean_token_accuracy\n"
            "1,1.52347,0.50000,,,,\n"
            "2,0.50000,0.50000,,,0.25000,1.00000\n");
}

}  // namespace
}  // namespace attune::jobs
