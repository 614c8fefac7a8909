#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace attune::train {

float learning_rate(const Schedule& schedule, std::int64_t step) {
  if (step < schedule.warmup_steps) {
    return schedule.peak *
           (static_cast<float>(step + 1) / static_cast<float>(schedule.warmup_steps));
  }
  const double length =
      static_cast<double>(std::max<std::int64_t>(1, schedule.steps - schedule.warmup_steps));
  const double progress = std::min(1.0, static_cast<double>(step - schedule.warmup_steps) / length);
  double level = 1;
  switch (schedule.kind) {
    case ScheduleKind::constant:
      return schedule.peak;
    case ScheduleKind::linear:
      level = 1 - progress;
      break;
    case ScheduleKind::cosine:
      level = 0.5 * (1 + std::cos(std::numbers::pi * progress));
      break;
  }
  const double floor = static_cast<double>(schedule.floor_ratio);
  return static_cast<float>(static_cast<double>(schedule.peak) * (floor + (1 - floor) * level));
}

Result<ScheduleKind> parse_schedule_kind(std::string_view name) {
  if (name == "constant") return ScheduleKind::constant;
  if (name == "linear") return ScheduleKind::linear;
  if (name == "cosine") return ScheduleKind::cosine;
  return bad_input({.where = "learning-rate schedule",
                    .found = fmt::format("\"{}\"", name),
                    .wanted = "constant, linear or cosine",
                    .fix = "choose one of them"});
}

std::string_view schedule_name(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::constant:
      return "constant";
    case ScheduleKind::linear:
      return "linear";
    case ScheduleKind::cosine:
      return "cosine";
  }
  return "";
}

}  // namespace attune::train
