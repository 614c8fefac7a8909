#include "stats/power.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stats/statistics.h"

namespace attune::stats {

namespace {

// The two-sided quantile of the significance and that of the power.
struct Quantiles {
  double significance = 0;
  double power = 0;
};

Quantiles quantiles(const PowerOptions& options) {
  return {normal_quantile(1 - options.significance / 2), normal_quantile(options.power)};
}

// Items before rounding up.
double items_for(double discordant, double gain, const PowerOptions& options) {
  const Quantiles z = quantiles(options);
  const double psi = std::max(discordant, gain);
  const double root =
      z.significance * std::sqrt(psi) + z.power * std::sqrt(std::max(0.0, psi - gain * gain));
  return root * root / (gain * gain);
}

std::int64_t whole(double items) {
  constexpr double kMost = 9e18;
  return items < kMost ? static_cast<std::int64_t>(std::ceil(items))
                       : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::int64_t items_needed(double discordant, double gain, const PowerOptions& options) {
  return gain > 0 ? whole(items_for(discordant, gain, options)) : 0;
}

std::int64_t items_needed_for_scores(double deviation, double gain, const PowerOptions& options) {
  if (gain <= 0) return 0;
  const Quantiles z = quantiles(options);
  const double ratio = (z.significance + z.power) * deviation / gain;
  return whole(ratio * ratio);
}

double smallest_gain(std::int64_t items, double loss, const PowerOptions& options) {
  const auto wanted = [&](double gain) {
    return items_for(discordant_share(gain, loss), gain, options);
  };
  const double n = static_cast<double>(items);
  double low = 0;
  double high = 1 - 2 * loss;  // the arms can't disagree on more than all items
  if (high <= 0 || wanted(high) > n) return 1;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (wanted(middle) > n ? low : high) = middle;
  }
  return high;
}

std::int64_t items_for_equivalence(double discordant, double margin, double difference,
                                   const PowerOptions& options) {
  const double room = margin - std::abs(difference);
  if (room <= 0) return 0;
  const double z = normal_quantile(1 - options.significance);
  const double power = difference == 0 ? (1 + options.power) / 2 : options.power;
  const double sum = z + normal_quantile(power);
  const double variance =
      std::max(0.0, std::max(discordant, std::abs(difference)) - difference * difference);
  return whole(sum * sum * variance / (room * room));
}

std::int64_t items_per_arm(double first_rate, double second_rate, const PowerOptions& options) {
  const double difference = std::abs(first_rate - second_rate);
  if (difference <= 0) return 0;
  const Quantiles z = quantiles(options);
  const double middle = (first_rate + second_rate) / 2;
  const double root =
      z.significance * std::sqrt(2 * middle * (1 - middle)) +
      z.power * std::sqrt(first_rate * (1 - first_rate) + second_rate * (1 - second_rate));
  return whole(root * root / (difference * difference));
}

}  // namespace attune::stats
