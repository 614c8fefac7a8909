#include "eval/intervals.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "stats/clusters.h"
#include "stats/permutation.h"

namespace attune::eval {

namespace {

double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Newcombe's interval of the difference of two rates or means on as many pairs as there are draws:
// for where resampling shows no spread.
stats::Estimate as_wide_as_draws(std::span<const double> first, std::span<const double> second,
                                 std::int64_t draws, double value) {
  const double a = stats::mean(first), b = stats::mean(second), n = static_cast<double>(draws);
  const auto count = [&](double share) { return std::llround(share * n); };
  stats::PairedCounts counts{.both = count(std::min(a, b)),
                             .first_only = count(std::max(a - b, 0.0)),
                             .second_only = count(std::max(b - a, 0.0))};
  counts.neither = std::max<std::int64_t>(0, draws - counts.n());
  const stats::Estimate wide = stats::paired_rate_difference(counts);
  return {value, std::min(wide.low, value), std::max(wide.high, value)};
}

// One number a cluster: the sum of its items' values.
std::vector<double> cluster_sums(std::span<const double> values,
                                 std::span<const std::int64_t> clusters) {
  std::map<std::int64_t, double> sums;
  for (std::size_t i = 0; i < values.size(); ++i) sums[clusters[i]] += values[i];
  std::vector<double> all;
  for (const auto& [cluster, total] : sums) all.push_back(total);
  return all;
}

}  // namespace

stats::Estimate Intervals::clustered_mean(std::span<const double> values,
                                          std::span<const std::int64_t> clusters) const {
  const stats::Estimate estimate = stats::cluster_bootstrap_mean(values, clusters, bootstrap_);
  if (estimate.low < estimate.high || values.empty()) return estimate;
  const std::int64_t draws = count_clusters(clusters);
  stats::Estimate wide = stats::wilson(estimate.value * static_cast<double>(draws), draws);
  wide.value = estimate.value;
  return wide;
}

stats::Estimate Intervals::rate(std::span<const double> values) const {
  if (clustered()) return clustered_mean(values, clusters_);
  return stats::wilson(sum(values), std::ssize(values));
}

stats::Estimate Intervals::mean(std::span<const double> values) const {
  if (clustered()) return clustered_mean(values, clusters_);
  const stats::Estimate estimate = stats::bootstrap_mean(values, bootstrap_);
  if (estimate.low < estimate.high) return estimate;
  return stats::wilson(sum(values), std::ssize(values));
}

stats::Estimate Intervals::rate_of(std::span<const double> values,
                                   std::span<const std::size_t> items) const {
  if (!clustered()) return stats::wilson(sum(values), std::ssize(values));
  std::vector<std::int64_t> clusters;
  for (const std::size_t item : items) clusters.push_back(clusters_[item]);
  return clustered_mean(values, clusters);
}

stats::Estimate Intervals::rate_difference(const stats::PairedCounts& counts,
                                           std::span<const double> first,
                                           std::span<const double> second) const {
  return clustered() ? mean_difference(first, second) : stats::paired_rate_difference(counts);
}

stats::Estimate Intervals::mean_difference(std::span<const double> first,
                                           std::span<const double> second) const {
  stats::Estimate estimate;
  if (clustered()) {
    std::vector<double> differences;
    for (std::size_t i = 0; i < first.size(); ++i) differences.push_back(first[i] - second[i]);
    estimate = stats::cluster_bootstrap_mean(differences, clusters_, bootstrap_);
  } else {
    estimate = stats::paired_mean_difference(first, second, bootstrap_);
  }
  if (estimate.low < estimate.high || first.empty()) return estimate;
  const std::int64_t draws = clustered() ? count_clusters(clusters_) : std::ssize(first);
  return as_wide_as_draws(first, second, draws, estimate.value);
}

double Intervals::rate_p(const stats::PairedCounts& counts, std::span<const double> first,
                         std::span<const double> second) const {
  if (!clustered()) return stats::mcnemar_exact(counts.first_only, counts.second_only);
  return stats::paired_permutation_test(cluster_sums(first, clusters_),
                                        cluster_sums(second, clusters_), {.seed = bootstrap_.seed})
      .p;
}

std::vector<std::int64_t> clusters_of(const std::vector<Item>& items) {
  const bool any = std::any_of(items.begin(), items.end(),
                               [](const Item& item) { return !item.cluster.empty(); });
  if (!any) return {};
  std::map<std::string, std::int64_t> numbers;
  std::vector<std::int64_t> clusters;
  std::int64_t next = 0;
  for (const Item& item : items) {
    if (item.cluster.empty()) {
      clusters.push_back(next++);
      continue;
    }
    const auto [place, is_new] = numbers.emplace(item.cluster, next);
    if (is_new) ++next;
    clusters.push_back(place->second);
  }
  return clusters;
}

std::int64_t count_clusters(std::span<const std::int64_t> clusters) {
  return std::ssize(std::set<std::int64_t>(clusters.begin(), clusters.end()));
}

}  // namespace attune::eval
