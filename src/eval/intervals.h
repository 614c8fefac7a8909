// 95 % intervals of figures over items, which know whether items belong together: sentences of one
// document, questions of one customer. Without clusters rates have Wilson's interval and means the
// BCa bootstrap over items; with clusters both have a bootstrap that draws whole clusters
// (stats/clusters.h).
//
//   const Intervals intervals(clusters_of(items), bootstrap);
//   intervals.rate(rights)                       of 0s and 1s, one an item
//   intervals.rate_difference(first, second)     the same items, two arms
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/arms.h"
#include "stats/statistics.h"

namespace attune::eval {

class Intervals {
 public:
  // `clusters` has a number for each item; empty: each item is its own cluster.
  Intervals(std::vector<std::int64_t> clusters, const stats::BootstrapOptions& bootstrap)
      : clusters_(std::move(clusters)), bootstrap_(bootstrap) {}

  bool clustered() const { return !clusters_.empty(); }
  const std::vector<std::int64_t>& clusters() const { return clusters_; }
  const stats::BootstrapOptions& bootstrap() const { return bootstrap_; }

  // Values of 0 and 1, and values in [0, 1]. Where resampling shows no spread the interval is
  // Wilson's with as many draws as there are clusters.
  stats::Estimate rate(std::span<const double> values) const;
  stats::Estimate mean(std::span<const double> values) const;
  // The same over some of the items, each as often as it is named: fields.
  stats::Estimate rate_of(std::span<const double> values, std::span<const std::size_t> items) const;

  // first - second on the same items. Where resampling shows no spread: Newcombe's for pairs, with
  // as many draws as there are clusters.
  stats::Estimate rate_difference(const stats::PairedCounts& counts, std::span<const double> first,
                                  std::span<const double> second) const;
  stats::Estimate mean_difference(std::span<const double> first,
                                  std::span<const double> second) const;
  // Are two rates different at all? The exact McNemar test; with clusters the permutation test that
  // turns the signs of whole clusters, which is McNemar's where each cluster has one item.
  double rate_p(const stats::PairedCounts& counts, std::span<const double> first,
                std::span<const double> second) const;

 private:
  stats::Estimate clustered_mean(std::span<const double> values,
                                 std::span<const std::int64_t> clusters) const;

  std::vector<std::int64_t> clusters_;
  stats::BootstrapOptions bootstrap_;
};

// A number for each item: the same for items whose cluster has the same name; an item without one
// is its own. Empty where no item has one.
std::vector<std::int64_t> clusters_of(const std::vector<Item>& items);

// How many different ones.
std::int64_t count_clusters(std::span<const std::int64_t> clusters);

}  // namespace attune::eval
