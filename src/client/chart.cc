#include "client/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace attune::client {

namespace {

std::vector<double> averaged(const std::vector<double>& values, std::int64_t columns) {
  const std::int64_t count = std::ssize(values);
  const std::int64_t bins = std::min(columns, count);
  std::vector<double> means;
  for (std::int64_t bin = 0; bin < bins; ++bin) {
    const std::int64_t begin = bin * count / bins;
    const std::int64_t end = (bin + 1) * count / bins;
    double sum = 0;
    for (std::int64_t i = begin; i < end; ++i) sum += values[static_cast<std::size_t>(i)];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  return means;
}

// Each value as a level 1..levels; a curve without height lies in the middle.
std::vector<int> to_levels(const std::vector<double>& values, int levels) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double span = *high - *low;
  std::vector<int> result;
  for (const double value : values) {
    const double share = span > 0 ? (value - *low) / span : 0.5;
    result.push_back(1 + static_cast<int>(std::lround(share * (levels - 1))));
  }
  return result;
}

}  // namespace

std::vector<std::string> block_chart(const std::vector<double>& values, std::int64_t columns,
                                     std::int64_t rows) {
  constexpr std::array<std::string_view, 9> kEighths = {" ", "▁", "▂", "▃", "▄",
                                                        "▅", "▆", "▇", "█"};
  const std::vector<double> means = averaged(values, columns);
  if (means.empty() || rows < 1) return {};
  const std::vector<int> levels = to_levels(means, static_cast<int>(8 * rows));
  std::vector<std::string> lines;
  for (std::int64_t row = rows - 1; row >= 0; --row) {
    std::string line;
    for (const int level : levels) {
      const int filled = std::clamp(level - static_cast<int>(8 * row), 0, 8);
      line += kEighths[static_cast<std::size_t>(filled)];
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace attune::client
