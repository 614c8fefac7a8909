#include "train/schedule.h"

#include <gtest/gtest.h>

namespace attune::train {
namespace {

struct ScheduleCase {
  ScheduleKind kind;
  std::int64_t warmup;
  float floor;
  std::int64_t step;
  float expected;
};

class LearningRate : public testing::TestWithParam<ScheduleCase> {};

TEST_P(LearningRate, FollowsItsSchedule) {
  const ScheduleCase& c = GetParam();
  const Schedule schedule{
      .kind = c.kind, .peak = 1.0f, .steps = 100, .warmup_steps = c.warmup, .floor_ratio = c.floor};
  EXPECT_NEAR(learning_rate(schedule, c.step), c.expected, 1e-6f);
}

INSTANTIATE_TEST_SUITE_P(Table, LearningRate,
                         testing::Values(ScheduleCase{ScheduleKind::constant, 0, 0, 0, 1.0f},
                                         ScheduleCase{ScheduleKind::constant, 10, 0, 0, 0.1f},
                                         ScheduleCase{ScheduleKind::constant, 10, 0, 9, 1.0f},
                                         ScheduleCase{ScheduleKind::constant, 10, 0, 99, 1.0f},
                                         ScheduleCase{ScheduleKind::linear, 0, 0, 0, 1.0f},
                                         ScheduleCase{ScheduleKind::linear, 0, 0, 50, 0.5f},
                                         ScheduleCase{ScheduleKind::linear, 0, 0, 99, 0.01f},
                                         ScheduleCase{ScheduleKind::linear, 20, 0, 20, 1.0f},
                                         ScheduleCase{ScheduleKind::linear, 20, 0, 60, 0.5f},
                                         ScheduleCase{ScheduleKind::linear, 0, 0.1f, 50, 0.55f},
                                         ScheduleCase{ScheduleKind::cosine, 0, 0, 0, 1.0f},
                                         ScheduleCase{ScheduleKind::cosine, 0, 0, 25, 0.8535534f},
                                         ScheduleCase{ScheduleKind::cosine, 0, 0, 50, 0.5f},
                                         ScheduleCase{ScheduleKind::cosine, 20, 0, 60, 0.5f},
                                         ScheduleCase{ScheduleKind::cosine, 0, 0.2f, 50, 0.6f},
                                         ScheduleCase{ScheduleKind::cosine, 0, 0.2f, 100, 0.2f}));

TEST(Schedule, RefusesAnUnknownNameAndReadsTheKnownOnes) {
  EXPECT_FALSE(parse_schedule_kind("exponential"));
  for (const auto kind : {ScheduleKind::constant, ScheduleKind::linear, ScheduleKind::cosine}) {
    EXPECT_EQ(parse_schedule_kind(schedule_name(kind)).value(), kind);
  }
}

}  // namespace
}  // namespace attune::train
