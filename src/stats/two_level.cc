#include "stats/two_level.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "stats/bootstrap_interval.h"
#include "stats/distributions.h"
#include "stats/draws.h"

namespace attune::stats {

namespace {

std::size_t common_items(const SeedItemScores& scores) {
  if (scores.empty()) return 0;
  std::size_t items = scores[0].size();
  for (const auto& row : scores) items = std::min(items, row.size());
  return items;
}

// The two-way layout without replication: mean and mean squares.
struct Layout {
  double seeds = 0;
  double items = 0;
  double mean = 0;
  double ms_seed = 0;
  double ms_item = 0;
  double ms_rest = 0;
};

Layout lay_out(const SeedItemScores& scores) {
  const std::size_t items = common_items(scores);
  Layout layout{.seeds = static_cast<double>(scores.size()), .items = static_cast<double>(items)};
  if (items == 0) return layout;
  std::vector<double> item_means(items);
  std::vector<double> seed_means;
  for (const auto& row : scores) {
    double sum = 0;
    for (std::size_t i = 0; i < items; ++i) {
      sum += row[i];
      item_means[i] += row[i] / layout.seeds;
    }
    seed_means.push_back(sum / layout.items);
  }
  layout.mean = mean(seed_means);
  double by_seed = 0;
  double by_item = 0;
  double rest = 0;
  for (const double m : seed_means) by_seed += (m - layout.mean) * (m - layout.mean);
  for (const double m : item_means) by_item += (m - layout.mean) * (m - layout.mean);
  for (std::size_t s = 0; s < scores.size(); ++s) {
    for (std::size_t i = 0; i < items; ++i) {
      const double off = scores[s][i] - seed_means[s] - item_means[i] + layout.mean;
      rest += off * off;
    }
  }
  const double more_seeds = layout.seeds - 1;
  const double more_items = layout.items - 1;
  if (more_seeds > 0) layout.ms_seed = layout.items * by_seed / more_seeds;
  if (more_items > 0) layout.ms_item = layout.seeds * by_item / more_items;
  if (more_seeds > 0 && more_items > 0) layout.ms_rest = rest / (more_seeds * more_items);
  return layout;
}

}  // namespace

Estimate two_level_bootstrap(const SeedItemScores& scores, const BootstrapOptions& options) {
  const std::size_t items = common_items(scores);
  const double estimate = lay_out(scores).mean;
  if (items == 0 || options.resamples < 1) return {estimate, estimate, estimate};
  Draws draws(options.seed, "two-level bootstrap");
  std::vector<double> means(static_cast<std::size_t>(options.resamples));
  std::vector<double> item_times(items);
  for (double& resampled : means) {
    std::fill(item_times.begin(), item_times.end(), 0.0);
    for (std::size_t i = 0; i < items; ++i) ++item_times[draws.below(items)];
    double sum = 0;
    for (std::size_t s = 0; s < scores.size(); ++s) {
      const std::vector<double>& row = scores[draws.below(scores.size())];
      for (std::size_t i = 0; i < items; ++i) sum += item_times[i] * row[i];
    }
    resampled = sum / static_cast<double>(scores.size() * items);
  }
  std::sort(means.begin(), means.end());
  return percentile_interval(estimate, means, options.confidence);
}

Estimate two_level_mean(const SeedItemScores& scores, double confidence) {
  const Layout layout = lay_out(scores);
  const double a = layout.ms_seed;
  const double b = layout.ms_item;
  // The seed effect can come out below 0; then it counts as 0.
  const double c = std::min(layout.ms_rest, a);
  const double more_seeds = layout.seeds - 1;
  const double more_items = layout.items - 1;
  if (more_items < 1) return {layout.mean, -HUGE_VAL, HUGE_VAL};
  double squares = b * b / more_items;
  if (more_seeds > 0) squares += a * a / more_seeds + c * c / (more_seeds * more_items);
  const double sum = a + b - c;
  if (sum <= 0) return {layout.mean, layout.mean, layout.mean};
  const double degrees = std::max(1.0, sum * sum / squares);
  const double reach = std::sqrt(sum / (layout.seeds * layout.items)) *
                       student_t_quantile(0.5 + confidence / 2, degrees);
  return {layout.mean, layout.mean - reach, layout.mean + reach};
}

double NoiseSources::standard_error(std::int64_t seeds, std::int64_t items) const {
  const double s = static_cast<double>(seeds);
  const double i = static_cast<double>(items);
  return std::sqrt(seed * seed / s + item * item / i + rest * rest / (s * i));
}

NoiseSources noise_sources(const SeedItemScores& scores) {
  const Layout layout = lay_out(scores);
  if (layout.seeds < 1 || layout.items < 1) return {};
  return {.seed = std::sqrt(std::max(0.0, (layout.ms_seed - layout.ms_rest) / layout.items)),
          .item = std::sqrt(std::max(0.0, (layout.ms_item - layout.ms_rest) / layout.seeds)),
          .rest = std::sqrt(layout.ms_rest)};
}

}  // namespace attune::stats
