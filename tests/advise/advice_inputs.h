// What the tests of the advice share: a fixed day, and inputs from assignments as --set takes them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "advise/advice.h"
#include "advise/answers.h"

namespace attune::advise {

inline constexpr std::chrono::sys_days kTestDay = std::chrono::year(2026) / 11 / 30;

inline Inputs inputs_of(const std::vector<std::string>& assignments) {
  Answers answers;
  for (const std::string& assignment : assignments) {
    const Result<void> set = answers.set(assignment);
    EXPECT_TRUE(set) << set.error().message();
  }
  Inputs inputs;
  const Result<void> applied = answers.apply(kTestDay, inputs);
  EXPECT_TRUE(applied) << applied.error().message();
  return inputs;
}

inline Advice advice_of(const std::vector<std::string>& assignments, Evidence evidence = {},
                        std::int64_t draws = 1000) {
  return make_advice(inputs_of(assignments), {.today = kTestDay, .draws = {.count = draws}},
                     std::move(evidence));
}

}  // namespace attune::advise
