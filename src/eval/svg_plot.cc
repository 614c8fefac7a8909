#include "eval/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "eval/html.h"
#include "eval/words.h"

namespace attune::eval {

namespace {

struct Frame {
  double left, top, width, height;
  double low_x, high_x, low_y, high_y;
  double x(double value) const { return left + width * (value - low_x) / (high_x - low_x); }
  double y(double value) const { return top + height * (1 - (value - low_y) / (high_y - low_y)); }
};

std::string opening(double width, double height, const std::string& title,
                    const std::string& description) {
  return fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
      "aria-label=\"{}\"><title>{}</title><desc>{}</desc>",
      width, height, escape(title), escape(title), escape(description));
}

Frame frame_of(const std::vector<Curve>& curves) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Frame frame{.left = 52,
              .top = 14,
              .width = 640,
              .height = 220,
              .low_x = kInfinity,
              .high_x = -kInfinity,
              .low_y = kInfinity,
              .high_y = -kInfinity};
  for (const Curve& curve : curves) {
    for (const CurvePoint& point : curve.points) {
      if (!std::isfinite(point.value)) continue;
      frame.low_x = std::min(frame.low_x, static_cast<double>(point.step));
      frame.high_x = std::max(frame.high_x, static_cast<double>(point.step));
      frame.low_y = std::min(frame.low_y, point.value);
      frame.high_y = std::max(frame.high_y, point.value);
    }
  }
  // Zero belongs on the axis unless it would press the curve into the upper half.
  if (frame.low_y > 0 && frame.low_y < frame.high_y / 2) frame.low_y = 0;
  const double margin = std::max(1e-9, (frame.high_y - frame.low_y) * 0.05);
  frame.high_y += margin;
  if (frame.low_y != 0) frame.low_y -= margin;
  return frame;
}

std::string axes(const Frame& frame, const std::string& value_label,
                 const std::string& step_label) {
  std::string out;
  for (double tick : axis_ticks(frame.low_y, frame.high_y, 5)) {
    out += fmt::format(
        "<line class=\"grid\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>",
        frame.left, frame.y(tick), frame.left + frame.width, frame.y(tick));
    out += fmt::format(
        "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.4g}</text>",
        frame.left - 8, frame.y(tick) + 4, tick);
  }
  for (double tick : axis_ticks(frame.low_x, frame.high_x, 8)) {
    if (tick != std::floor(tick)) continue;
    out += fmt::format(
        "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.0f}</text>",
        frame.x(tick), frame.top + frame.height + 18, tick);
  }
  out += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                     frame.left + frame.width, frame.top + frame.height + 36, escape(step_label));
  out += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", frame.left + 4,
                     frame.top + 2, escape(value_label));
  return out;
}

// At most this many points are drawn; each stands for the mean of its stretch, so spikes of single
// steps shrink but the file stays small.
constexpr std::size_t kMostPoints = 400;

std::vector<CurvePoint> thinned(const std::vector<CurvePoint>& points) {
  std::vector<CurvePoint> finite;
  for (const CurvePoint& point : points) {
    if (std::isfinite(point.value)) finite.push_back(point);
  }
  if (finite.size() <= kMostPoints) return finite;
  std::vector<CurvePoint> out;
  for (std::size_t i = 0; i < kMostPoints; ++i) {
    const std::size_t begin = i * finite.size() / kMostPoints;
    const std::size_t end = (i + 1) * finite.size() / kMostPoints;
    double sum = 0;
    for (std::size_t k = begin; k < end; ++k) sum += finite[k].value;
    out.push_back({finite[(begin + end - 1) / 2].step, sum / static_cast<double>(end - begin)});
  }
  return out;
}

std::string drawn_curve(const Frame& frame, const Curve& curve, std::size_t series) {
  std::string path;
  std::string dots;
  for (const CurvePoint& point : thinned(curve.points)) {
    const double x = frame.x(static_cast<double>(point.step));
    const double y = frame.y(point.value);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
    if (curve.dots)
      dots += fmt::format("<circle class=\"dot series{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>",
                          series, x, y);
  }
  return fmt::format("<path class=\"curve series{}\" d=\"{}\"/>{}", series, path, dots);
}

}  // namespace

std::vector<double> axis_ticks(double low, double high, int count) {
  std::vector<double> ticks;
  if (!(high > low) || count < 1) return ticks;
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i)
    ticks.push_back(i * step + 0.0);
  return ticks;
}

std::string line_plot(const std::string& title, const std::string& value_label,
                      const std::vector<Curve>& curves, const std::string& step_label) {
  const Frame frame = frame_of(curves);
  if (!(frame.high_x > frame.low_x)) return "";
  std::string description;
  std::string legend;
  std::string body;
  double legend_x = frame.left;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const std::vector<CurvePoint> points = thinned(curves[i].points);
    if (points.empty()) continue;
    description += fmt::format("{0}: from {2:.4g} at {1} {3} to {4:.4g} at {1} {5}. ",
                               curves[i].label, step_label, points.front().value,
                               points.front().step, points.back().value, points.back().step);
    body += drawn_curve(frame, curves[i], i);
    const double y = frame.top + frame.height + 36;
    legend += fmt::format(
        "<line class=\"curve series{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>",
        i, legend_x, y - 4, legend_x + 22, y - 4);
    legend += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                          legend_x + 28, y, escape(curves[i].label));
    legend_x += 60 + 7.5 * static_cast<double>(curves[i].label.size());
  }
  return opening(710, 276, title, description) + axes(frame, value_label, step_label) + body +
         legend + "</svg>";
}

std::string bar_plot(const std::string& title, const std::vector<Bar>& bars) {
  constexpr double kLeft = 68;
  constexpr double kWidth = 196;
  constexpr double kRow = 34;
  constexpr double kTop = 6;
  const double height = kTop + kRow * static_cast<double>(bars.size()) + 24;
  const auto x = [](double share) { return kLeft + kWidth * share; };
  std::string description;
  std::string body;
  for (int tick = 0; tick <= 4; ++tick) {
    const double at = x(tick / 4.0);
    body += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\"/>", at,
        kTop, height - 20);
    body += fmt::format(
        "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", at,
        height - 5, tick * 25);
  }
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double y = kTop + kRow * static_cast<double>(i) + 6;
    const double middle = y + 10;
    description += fmt::format("{}: {}. ", bar.label, percent_interval(bar.rate));
    body +=
        fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                    kLeft - 8, middle + 4, escape(bar.label));
    body += fmt::format(
        "<rect class=\"bar{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"20\" rx=\"2\"/>",
        bar.subject ? " subject" : "", kLeft, y, std::max(1.0, kWidth * bar.rate.value));
    body += fmt::format(
        "<path class=\"whisker\" d=\"M{0:.1f} {2:.1f}H{1:.1f}M{0:.1f} {3:.1f}V{4:.1f}M{1:.1f} "
        "{3:.1f}V{4:.1f}\"/>",
        x(bar.rate.low), x(bar.rate.high), middle, middle - 5, middle + 5);
    body += fmt::format("<text class=\"value\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                        kLeft + kWidth + 12, middle + 4, percent(bar.rate.value));
  }
  return opening(kLeft + kWidth + 66, height, title, description) + body + "</svg>";
}

}  // namespace attune::eval
