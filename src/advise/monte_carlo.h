// What the intervals of the inputs leave open: the verdict, the break-even and the value of many
// draws.
//
//   const Draws draws = draw_outcomes(inputs, focus, {.count = 10'000, .seed = 1});
//   draws.in_time          // P(break-even <= payback_days)
//
// Each input is drawn by itself: below its value with one half, above it with the other, evenly
// within each half (evenly in the logarithm where the input varies by factors). So the value is the
// median, and an interval [low, high] with its middle is drawn evenly. Numbers are counter-based
// (base/random.h): draw k of an input is the same whatever else is drawn.
#pragma once

#include <array>
#include <cstdint>

#include "advise/flip_points.h"

namespace attune::advise {

struct DrawOptions {
  std::int64_t count = 4'000;
  std::uint64_t seed = 1;
};

struct Quantiles {
  double p5 = 0, p25 = 0, p50 = 0, p75 = 0, p95 = 0;
};

struct Draws {
  std::int64_t count = 0;
  double in_time = 0;           // share that comes back within payback_days
  double pays = 0;              // the same, with a net present value above 0
  Quantiles break_even_days;    // of the focus; infinite where never
  Quantiles net_present_value;  // of the focus
  Quantiles saved_a_day;
  std::array<double, kChoose> verdicts = {};  // share of each
};

Draws draw_outcomes(const Inputs& inputs, const Focus& focus, const DrawOptions& options = {});

// Draw `index` of an input between the ends of its range, as above; `u` in [0, 1).
double drawn_value(const VariableSpec& spec, const stats::Estimate& range, double u);

}  // namespace attune::advise
