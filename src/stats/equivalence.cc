#include "stats/equivalence.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/distributions.h"

namespace attune::stats {

namespace {

// Tango's z for the hypothesis that the rates differ by `difference`; it falls as that rises.
double tango_z(const PairedCounts& counts, double difference) {
  const double n = static_cast<double>(counts.n());
  const double b = static_cast<double>(counts.first_only);
  const double c = static_cast<double>(counts.second_only);
  const double linear = -b - c + (2 * n - b + c) * difference;
  const double constant = -c * difference * (1 - difference);
  const double root = std::sqrt(std::max(0.0, linear * linear - 8 * n * constant));
  const double q = (root - linear) / (4 * n);
  const double variance = n * (2 * q + difference * (1 - difference));
  const double off = b - c - n * difference;
  if (off == 0) return 0;
  return off / std::sqrt(std::max(variance, 1e-300));
}

EquivalenceVerdict judge(const Equivalence& test, double significance) {
  if (test.p < significance) return EquivalenceVerdict::equivalent;
  const bool beyond = test.difference.low > test.margin || test.difference.high < -test.margin;
  return beyond ? EquivalenceVerdict::different : EquivalenceVerdict::undecided;
}

}  // namespace

std::string_view equivalence_verdict_name(EquivalenceVerdict verdict) {
  switch (verdict) {
    case EquivalenceVerdict::equivalent:
      return "equivalent";
    case EquivalenceVerdict::different:
      return "different";
    case EquivalenceVerdict::undecided:
      break;
  }
  return "undecided";
}

Estimate tango_difference(const PairedCounts& counts, double confidence) {
  if (counts.n() == 0) return {0, -1, 1};
  const double n = static_cast<double>(counts.n());
  const double value = static_cast<double>(counts.first_only - counts.second_only) / n;
  const double z = normal_quantile(0.5 + confidence / 2);
  // The difference at which z is `wanted`.
  const auto solve = [&](double low, double high, double wanted) {
    for (int i = 0; i < 200 && high - low > 1e-15; ++i) {
      const double middle = (low + high) / 2;
      (tango_z(counts, middle) > wanted ? low : high) = middle;
    }
    return (low + high) / 2;
  };
  return {value, solve(-1, value, z), solve(value, 1, -z)};
}

Equivalence tost_paired_rates(const PairedCounts& counts, double margin, double significance) {
  Equivalence test{.margin = margin};
  test.difference = tango_difference(counts, 1 - 2 * significance);
  if (counts.n() > 0) {
    const double above = normal_cdf(-tango_z(counts, -margin));
    const double below = normal_cdf(tango_z(counts, margin));
    test.p = std::max(above, below);
  }
  test.verdict = judge(test, significance);
  return test;
}

Equivalence tost_paired_means(std::span<const double> first, std::span<const double> second,
                              double margin, double significance) {
  Equivalence test{.margin = margin};
  std::vector<double> differences(std::min(first.size(), second.size()));
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] = first[i] - second[i];
  const double value = mean(differences);
  constexpr double kUnbounded = HUGE_VAL;
  test.difference = {value, -kUnbounded, kUnbounded};
  if (differences.size() < 2) return test;

  double squares = 0;
  for (const double difference : differences)
    squares += (difference - value) * (difference - value);
  const double n = static_cast<double>(differences.size());
  const double error = std::sqrt(squares / (n - 1) / n);
  const double reach = error * student_t_quantile(1 - significance, n - 1);
  test.difference = {value, value - reach, value + reach};
  if (error > 0) {
    test.p = std::max(student_t_cdf(-(value + margin) / error, n - 1),
                      student_t_cdf((value - margin) / error, n - 1));
  } else {
    // No spread seen is no spread shown: as rates without a discordant pair.
    const PairedCounts agreeing{.both = static_cast<std::int64_t>(differences.size())};
    test.p = value == 0 ? tost_paired_rates(agreeing, margin, significance).p : 1;
  }
  test.verdict = judge(test, significance);
  return test;
}

}  // namespace attune::stats
