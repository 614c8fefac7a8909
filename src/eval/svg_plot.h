// The report's drawings as inline SVG: colours come from the page's CSS classes, so they follow
// light and dark. Each has a title and a description for screen readers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stats/statistics.h"

namespace attune::eval {

struct CurvePoint {
  std::int64_t step = 0;
  double value = 0;
};

struct Curve {
  std::string label;
  std::vector<CurvePoint> points;
  bool dots = false;  // draw the points too (few points)
};

// Lines over steps, or over what `step_label` names; the value axis starts at 0 if that costs
// little room. Not finite values are left out. Empty when no curve has two points.
std::string line_plot(const std::string& title, const std::string& value_label,
                      const std::vector<Curve>& curves, const std::string& step_label = "step");

struct Bar {
  std::string label;
  stats::Estimate rate;  // in [0, 1]
  bool subject = false;  // drawn in the accent colour
};

// Horizontal bars from 0 to 100 % with their intervals as whiskers.
std::string bar_plot(const std::string& title, const std::vector<Bar>& bars);

// About `count` round numbers from low to high.
std::vector<double> axis_ticks(double low, double high, int count);

}  // namespace attune::eval
