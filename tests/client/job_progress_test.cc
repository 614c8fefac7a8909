#include "client/job_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/chart.h"

namespace attune::client {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kStart = 1750000000;

wire::EventObject metrics(std::int64_t step, double loss, std::int64_t time = kStart) {
  wire::EventObject event;
  event.id = "ftevent-" + std::to_string(step) + "-" + std::to_string(time);
  event.created_at = time;
  event.type = "metrics";
  event.message = "Step " + std::to_string(step) + "/100: training loss=" + std::to_string(loss);
  event.data = {{"step", step}, {"total_steps", 100}, {"train_loss", loss}};
  return event;
}

JobView running() {
  JobView view;
  view.job.id = "ftjob-1";
  view.job.model = "tiny";
  view.job.status = wire::JobStatus::running;
  view.status_text = "running";
  return view;
}

std::vector<double> values(const std::vector<CurveValue>& curve) {
  std::vector<double> result;
  for (const CurveValue& point : curve) result.push_back(point.value);
  return result;
}

TEST(JobProgress, GathersTheCurvesOfMetricsEvents) {
  JobProgress progress;
  progress.take(metrics(1, 2.5));
  wire::EventObject event = metrics(2, 2.0);
  event.data["valid_loss"] = 2.25;
  event.data["full_valid_loss"] = 2.125;
  event.data["tokens_per_second"] = 1234.5;
  progress.take(event);
  EXPECT_THAT(values(progress.loss()), ElementsAre(2.5, 2.0));
  EXPECT_THAT(values(progress.validation()), ElementsAre(2.25));
  EXPECT_THAT(values(progress.full_validation()), ElementsAre(2.125));
  EXPECT_EQ(progress.step(), 2);
  EXPECT_EQ(progress.steps(), 100);
  EXPECT_EQ(progress.tokens_per_second(), 1234.5);
}

TEST(JobProgress, ReadsTheWordsOfAnEventThatHasNoData) {
  JobProgress progress;
  wire::EventObject event;
  event.message =
      "Step 300/303: training loss=0.15, validation loss=0.27, full validation loss=0.40";
  progress.take(event);
  EXPECT_EQ(progress.step(), 300);
  EXPECT_EQ(progress.steps(), 303);
  EXPECT_THAT(values(progress.loss()), ElementsAre(0.15));
  EXPECT_THAT(values(progress.validation()), ElementsAre(0.27));
  EXPECT_THAT(values(progress.full_validation()), ElementsAre(0.40));
}

TEST(JobProgress, LeavesOutRepeatsAndOtherEvents) {
  JobProgress progress;
  EXPECT_TRUE(progress.take(metrics(1, 2.5)));
  EXPECT_FALSE(progress.take(metrics(1, 2.5)));
  wire::EventObject message;
  message.id = "ftevent-x";
  message.message = "Step by step guide";
  EXPECT_TRUE(progress.take(message));
  EXPECT_EQ(progress.loss().size(), 1u);
  EXPECT_EQ(progress.step(), 1);
}

TEST(JobProgress, DrawsTheCurveOfAContinuedRunOnce) {
  JobProgress progress;
  for (int step = 1; step <= 5; ++step) progress.take(metrics(step, 10 - step, kStart));
  for (int step = 4; step <= 6; ++step) progress.take(metrics(step, 20 - step, kStart + 60));
  EXPECT_THAT(values(progress.loss()), ElementsAre(9, 8, 7, 16, 15, 14));
}

TEST(JobProgress, EstimatesTheTimeLeftFromThePaceSinceTheLastStart) {
  JobProgress progress;
  progress.take(running());
  progress.take(metrics(10, 2, kStart));
  EXPECT_EQ(progress.seconds_left(kStart), std::nullopt);
  progress.take(metrics(20, 2, kStart + 20));
  EXPECT_DOUBLE_EQ(*progress.seconds_left(kStart + 20), 160);
  EXPECT_DOUBLE_EQ(*progress.seconds_left(kStart + 30), 150);
  // It was stopped for an hour and goes on twice as fast.
  progress.take(metrics(15, 2, kStart + 3600));
  progress.take(metrics(25, 2, kStart + 3610));
  EXPECT_DOUBLE_EQ(*progress.seconds_left(kStart + 3610), 75);
}

TEST(JobProgress, PrefersTheServersEstimateAndHasNoneForAnEndedJob) {
  JobProgress progress;
  JobView job = running();
  job.job.estimated_finish = kStart + 500;
  progress.take(job);
  EXPECT_EQ(progress.seconds_left(kStart), 500);
  job.job.status = wire::JobStatus::succeeded;
  progress.take(job);
  EXPECT_EQ(progress.seconds_left(kStart), std::nullopt);
}

TEST(JobProgress, DrawsStatusStepsCurveAndLastEvents) {
  JobProgress progress;
  progress.take(running());
  for (int step = 1; step <= 40; ++step) progress.take(metrics(step, 4.0 / step, kStart + step));
  const auto lines = progress.draw({.columns = 100, .now = kStart + 40, .trouble = "no answer"});
  EXPECT_THAT(lines.at(0), HasSubstr("ftjob-1  running  tiny"));
  EXPECT_THAT(lines.at(1), HasSubstr("step 40/100 [========            ] 40 %   1 min 00 s left"));
  EXPECT_THAT(lines.at(2), HasSubstr("training loss 4.0000 -> 0.1000"));
  EXPECT_THAT(lines, Contains(HasSubstr("█")));
  EXPECT_THAT(lines, Contains(HasSubstr("Step 40/100")));
  EXPECT_EQ(lines.back(), "no answer");
}

TEST(JobProgress, KeepsItsLinesWithinTheTerminalAndSafeForIt) {
  JobProgress progress;
  progress.take(running());
  wire::EventObject event;
  event.message = "bad \x1b[2J\n" + std::string(300, 'x') + "ä";
  progress.take(event);
  for (int step = 1; step <= 40; ++step) progress.take(metrics(step, 4.0 / step));
  progress.take(event);
  for (const std::int64_t columns : {1, 10, 40, 79, 500}) {
    for (const std::string& line : progress.draw({.columns = columns, .now = kStart})) {
      EXPECT_EQ(cut_to(line, columns), line);
      EXPECT_THAT(line, Not(HasSubstr("\x1b")));
      EXPECT_THAT(line, Not(HasSubstr("\n")));
    }
  }
}

TEST(JobProgress, SurvivesEventsOfAnyShape) {
  JobProgress progress;
  for (const Json& data : {Json(nullptr), Json::array(), Json{{"step", "x"}}, Json{{"step", -1}},
                           Json{{"step", 1e300}}, Json{{"step", 3}, {"train_loss", nullptr}}}) {
    wire::EventObject event;
    event.data = data;
    event.message = "Step /";
    progress.take(event);
  }
  EXPECT_FALSE(progress.draw({}).empty());
}

TEST(Chart, DrawsEighthsOfACharacter) {
  EXPECT_THAT(block_chart({0, 1, 2, 3, 4, 5, 6, 7}, 8, 1), ElementsAre("▁▂▃▄▅▆▇█"));
  EXPECT_THAT(block_chart({0, 15}, 10, 2), ElementsAre(" █", "▁█"));
}

TEST(Chart, AveragesMoreValuesThanColumns) {
  EXPECT_THAT(block_chart({0, 0, 7, 7}, 2, 1), ElementsAre("▁█"));
}

TEST(Chart, DrawsFlatAndEmptyCurves) {
  EXPECT_THAT(block_chart({3, 3, 3}, 5, 1), ElementsAre("▅▅▅"));
  EXPECT_TRUE(block_chart({}, 5, 1).empty());
}

}  // namespace
}  // namespace attune::client
