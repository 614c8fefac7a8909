#include "metrics/consistency.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "stats/bootstrap_interval.h"

namespace attune::metrics {

namespace {

using Parts = std::array<std::optional<double>, kConsistencyParts>;

// The mean of each part over the picked items that have it.
Parts mean_parts(std::span<const ConsistencyItem> items, std::span<const std::size_t> picked) {
  Parts means;
  for (std::size_t part = 0; part < kConsistencyParts; ++part) {
    double sum = 0;
    std::int64_t count = 0;
    for (std::size_t item : picked) {
      if (!items[item].parts[part]) continue;
      sum += *items[item].parts[part];
      ++count;
    }
    if (count > 0) means[part] = sum / static_cast<double>(count);
  }
  return means;
}

std::optional<stats::Estimate> interval(const std::optional<double>& value,
                                        std::vector<double>& resampled, double confidence) {
  if (!value) return std::nullopt;
  if (resampled.empty()) return stats::Estimate{*value, *value, *value};
  std::sort(resampled.begin(), resampled.end());
  return stats::percentile_interval(*value, resampled, confidence);
}

void add_intervals(std::span<const ConsistencyItem> items, const Parts& means,
                   const stats::BootstrapOptions& options, ConsistencyScore& result) {
  std::array<std::vector<double>, kConsistencyParts> part_values;
  std::vector<double> scores;
  std::vector<std::size_t> picked(items.size());
  const auto n = static_cast<std::uint64_t>(items.size());
  const RandomStream stream{.seed = options.seed, .stream = stream_id("consistency"), .step = 0};
  for (std::int64_t resample = 0; resample < options.resamples; ++resample) {
    for (std::uint64_t i = 0; i < n; ++i) {
      picked[i] = stream.below(static_cast<std::uint64_t>(resample) * n + i, n);
    }
    // A resample without any item that has a part says nothing of it.
    const Parts drawn = mean_parts(items, picked);
    for (std::size_t part = 0; part < kConsistencyParts; ++part) {
      if (drawn[part]) part_values[part].push_back(*drawn[part]);
    }
    if (const std::optional<double> score = consistency_of_parts(drawn)) scores.push_back(*score);
  }
  for (std::size_t part = 0; part < kConsistencyParts; ++part) {
    result.parts[part] = interval(means[part], part_values[part], options.confidence);
  }
  result.score = interval(consistency_of_parts(means), scores, options.confidence);
}

}  // namespace

std::optional<double> consistency_of_parts(const Parts& parts) {
  double score = 10;
  for (std::size_t part = 0; part < kConsistencyParts; ++part) {
    if (!parts[part]) return std::nullopt;
    score *= std::pow(std::clamp(*parts[part], 0.0, 1.0), kConsistencyWeights[part]);
  }
  return score;
}

ConsistencyScore consistency(std::span<const ConsistencyItem> items,
                             const stats::BootstrapOptions& options) {
  ConsistencyScore result;
  std::vector<std::size_t> all(items.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const Parts means = mean_parts(items, all);
  for (std::size_t part = 0; part < kConsistencyParts; ++part) {
    if (!means[part]) result.missing.emplace_back(kConsistencyNames[part]);
  }
  add_intervals(items, means, options, result);
  double right = 0;
  double wrong = 0;
  for (const ConsistencyItem& item : items) {
    if (item.answers == 0) continue;
    ++result.judged;
    right += item.right == item.answers ? 1 : 0;
    wrong += item.right == 0 ? 1 : 0;
  }
  result.consistently_right = stats::wilson(right, result.judged, options.confidence);
  result.consistently_wrong = stats::wilson(wrong, result.judged, options.confidence);
  return result;
}

std::optional<Drift> drift(std::span<const double> compliance) {
  if (compliance.empty()) return std::nullopt;
  constexpr double kLeastFirst = 0.05;
  Drift result;
  const double first = std::max(compliance[0], kLeastFirst);
  const auto turns = static_cast<double>(compliance.size());
  const double middle = (turns + 1) / 2;
  double spread = 0;
  double joint = 0;
  for (std::size_t t = 0; t < compliance.size(); ++t) {
    const double from_middle = static_cast<double>(t + 1) - middle;
    result.kept += std::min(1.0, compliance[t] / first) / turns;
    spread += from_middle * from_middle;
    joint += from_middle * compliance[t];
  }
  if (spread > 0) result.slope = joint / spread;
  const double half = compliance[0] / 2;
  for (std::size_t t = 1; t < compliance.size() && compliance[0] > 0; ++t) {
    if (compliance[t] > half) continue;
    const double fall = compliance[t - 1] - compliance[t];
    result.half_life = static_cast<double>(t) + (compliance[t - 1] - half) / fall;
    break;
  }
  return result;
}

}  // namespace attune::metrics
