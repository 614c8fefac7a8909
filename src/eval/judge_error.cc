#include "eval/judge_error.h"

#include <algorithm>
#include <cmath>

#include "stats/distributions.h"

namespace attune::eval {

namespace {

// A rate of the judge, moved to the middle by one answer of each kind, and its variance.
struct Shrunk {
  double value, variance;
};

Shrunk shrunk(std::int64_t right, std::int64_t all) {
  const double n = static_cast<double>(all) + 2;
  const double value = (static_cast<double>(right) + 1) / n;
  return {value, value * (1 - value) / n};
}

double raw(std::int64_t right, std::int64_t all) {
  return static_cast<double>(right) / static_cast<double>(all);
}

bool tells_apart(const JudgeError& error) {
  return error.positives > 0 && error.negatives > 0 &&
         raw(error.true_positives, error.positives) + raw(error.true_negatives, error.negatives) >
             1 &&
         shrunk(error.true_positives, error.positives).value +
                 shrunk(error.true_negatives, error.negatives).value >
             1;
}

double z_of(double confidence) { return stats::normal_quantile(0.5 + confidence / 2); }

}  // namespace

std::optional<stats::Estimate> corrected_rate(double passes, double n, const JudgeError& error,
                                              double confidence) {
  if (!tells_apart(error) || !(n > 0)) return std::nullopt;
  const double z = z_of(confidence);
  const double sensitivity = raw(error.true_positives, error.positives);
  const double specificity = raw(error.true_negatives, error.negatives);
  const double estimate =
      std::clamp((passes / n + specificity - 1) / (sensitivity + specificity - 1), 0.0, 1.0);

  const double wide_n = n + z * z;
  const double rate = (passes + z * z / 2) / wide_n;
  const Shrunk se = shrunk(error.true_positives, error.positives);
  const Shrunk sp = shrunk(error.true_negatives, error.negatives);
  const double power = se.value + sp.value - 1;
  const double centre = (rate + sp.value - 1) / power;
  const double shift = 2 * z * z * (centre * se.variance - (1 - centre) * sp.variance);
  const double spread = std::sqrt(rate * (1 - rate) / wide_n + centre * centre * se.variance +
                                  (1 - centre) * (1 - centre) * sp.variance) /
                        power;
  return stats::Estimate{estimate, std::clamp(centre + shift - z * spread, 0.0, estimate),
                         std::clamp(centre + shift + z * spread, estimate, 1.0)};
}

std::optional<stats::Estimate> corrected_difference(double difference, double spread,
                                                    const JudgeError& error, double confidence) {
  if (!tells_apart(error)) return std::nullopt;
  const double power =
      raw(error.true_positives, error.positives) + raw(error.true_negatives, error.negatives) - 1;
  const Shrunk se = shrunk(error.true_positives, error.positives);
  const Shrunk sp = shrunk(error.true_negatives, error.negatives);
  const double value = std::clamp(difference / power, -1.0, 1.0);
  const double reach = z_of(confidence) *
                       std::sqrt(spread * spread + value * value * (se.variance + sp.variance)) /
                       power;
  return stats::Estimate{value, std::max(-1.0, value - reach), std::min(1.0, value + reach)};
}

std::optional<stats::Estimate> corrected_mean(double mean, double spread,
                                              std::span<const double> errors, double confidence) {
  if (errors.size() < 2) return std::nullopt;
  const double labels = static_cast<double>(errors.size());
  const double bias = stats::mean(errors);
  double squares = 0;
  for (const double error : errors) squares += (error - bias) * (error - bias);
  const double of_bias = squares / (labels - 1) / labels;
  const double variance = spread * spread + of_bias;
  // Welch: the part of the items has so many that only the labels' degrees of freedom count.
  const double degrees =
      of_bias > 0 ? (labels - 1) * (variance / of_bias) * (variance / of_bias) : 1e9;
  const double reach =
      stats::student_t_quantile(0.5 + confidence / 2, std::min(degrees, 1e9)) * std::sqrt(variance);
  const double value = std::clamp(mean + bias, 0.0, 1.0);
  return stats::Estimate{value, std::clamp(mean + bias - reach, 0.0, value),
                         std::clamp(mean + bias + reach, value, 1.0)};
}

}  // namespace attune::eval
