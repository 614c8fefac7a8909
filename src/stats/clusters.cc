#include "stats/clusters.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <vector>

#include "stats/bootstrap_interval.h"
#include "stats/distributions.h"
#include "stats/draws.h"

namespace attune::stats {

namespace {

struct Cluster {
  double sum = 0;
  double size = 0;
};

std::vector<Cluster> gather(std::span<const double> values,
                            std::span<const std::int64_t> clusters) {
  std::map<std::int64_t, Cluster> by_id;
  for (std::size_t i = 0; i < std::min(values.size(), clusters.size()); ++i) {
    Cluster& cluster = by_id[clusters[i]];
    cluster.sum += values[i];
    ++cluster.size;
  }
  std::vector<Cluster> gathered;
  gathered.reserve(by_id.size());
  for (const auto& [id, cluster] : by_id) gathered.push_back(cluster);
  return gathered;
}

Cluster total_of(const std::vector<Cluster>& clusters) {
  Cluster total;
  for (const Cluster& cluster : clusters) {
    total.sum += cluster.sum;
    total.size += cluster.size;
  }
  return total;
}

}  // namespace

Estimate cluster_bootstrap_mean(std::span<const double> values,
                                std::span<const std::int64_t> clusters,
                                const BootstrapOptions& options) {
  const std::vector<Cluster> all = gather(values, clusters);
  const Cluster total = total_of(all);
  if (total.size == 0) return {0, 0, 0};
  const double estimate = total.sum / total.size;
  if (all.size() < 2 || options.resamples < 1) return {estimate, estimate, estimate};

  std::vector<double> jackknife;
  jackknife.reserve(all.size());
  for (const Cluster& cluster : all)
    jackknife.push_back((total.sum - cluster.sum) / (total.size - cluster.size));
  std::vector<double> means(static_cast<std::size_t>(options.resamples));
  Draws draws(options.seed, "cluster bootstrap");
  for (double& resampled : means) {
    Cluster drawn;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Cluster& cluster = all[draws.below(all.size())];
      drawn.sum += cluster.sum;
      drawn.size += cluster.size;
    }
    resampled = drawn.sum / drawn.size;
  }
  std::sort(means.begin(), means.end());
  if (means.front() == means.back()) return {estimate, estimate, estimate};
  return bca_interval(estimate, means, jackknife_acceleration(jackknife), options.confidence);
}

ClusteredMean clustered_mean(std::span<const double> values, std::span<const std::int64_t> clusters,
                             double confidence) {
  const std::vector<Cluster> all = gather(values, clusters);
  const Cluster total = total_of(all);
  ClusteredMean result{.clusters = static_cast<std::int64_t>(all.size())};
  if (total.size == 0) return result;
  const double centre = total.sum / total.size;
  result.mean = {centre, -HUGE_VAL, HUGE_VAL};
  if (all.size() < 2) return result;

  double within = 0;
  for (const Cluster& cluster : all) {
    const double off = cluster.sum - centre * cluster.size;
    within += off * off;
  }
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  const double count = static_cast<double>(all.size());
  result.standard_error = std::sqrt(count / (count - 1) * within) / total.size;
  result.naive_standard_error = std::sqrt(squares / (total.size - 1) / total.size);
  const double reach = result.standard_error * student_t_quantile(0.5 + confidence / 2, count - 1);
  result.mean = {centre, centre - reach, centre + reach};
  return result;
}

}  // namespace attune::stats
