// The learning rate of each step: a linear warm-up, then constant, linear or cosine decay to a
// floor.
//
//   Schedule schedule{.peak = 2e-4f, .steps = 300, .warmup_steps = 9};
//   float rate = learning_rate(schedule, step);  // step counts from 0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace attune::train {

enum class ScheduleKind { constant, linear, cosine };

struct Schedule {
  ScheduleKind kind = ScheduleKind::cosine;
  float peak = 2e-4f;
  std::int64_t steps = 0;
  std::int64_t warmup_steps = 0;
  float floor_ratio = 0;  // the decay ends at peak * floor_ratio
};

// Warm-up: peak * (step + 1) / warmup_steps, so that no step is spent at rate 0; the peak is first
// used at step warmup_steps - 1. Decay: from the peak at step warmup_steps to the floor at step
// `steps` (one past the last).
float learning_rate(const Schedule& schedule, std::int64_t step);

// "constant", "linear" or "cosine".
Result<ScheduleKind> parse_schedule_kind(std::string_view name);
std::string_view schedule_name(ScheduleKind kind);

}  // namespace attune::train
