#include "data/clusters.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace attune::data {

namespace {

constexpr int kMostRounds = 25;

class Clusters {
 public:
  Clusters(std::span<const float> vectors, std::int64_t width, std::int64_t clusters)
      : vectors_(vectors),
        width_(static_cast<std::size_t>(width)),
        rows_(vectors.size() / width_),
        count_(std::min(static_cast<std::size_t>(clusters), rows_)) {}

  std::vector<std::int32_t> run(std::uint64_t seed) {
    if (count_ == 0) return std::vector<std::int32_t>(rows_, 0);
    choose_seeds(seed);
    std::vector<std::int32_t> of_row(rows_, -1);
    for (int round = 0; round < kMostRounds && assign(of_row); ++round) move_centres(of_row);
    return of_row;
  }

 private:
  double alike(std::size_t row, std::size_t centre) const {
    const float* a = vectors_.data() + row * width_;
    const float* b = centres_.data() + centre * width_;
    float sum = 0;
    for (std::size_t i = 0; i < width_; ++i) sum += a[i] * b[i];
    return static_cast<double>(sum);
  }

  void add_centre(std::size_t row) {
    const auto vector = vectors_.subspan(row * width_, width_);
    centres_.insert(centres_.end(), vector.begin(), vector.end());
  }

  // Each seed far from those before it, with a probability of its squared distance.
  void choose_seeds(std::uint64_t seed) {
    const RandomStream stream{.seed = seed, .stream = stream_id("clusters")};
    add_centre(stream.below(0, rows_));
    std::vector<double> distance(rows_, 4.0);
    for (std::size_t centre = 0; centre + 1 < count_; ++centre) {
      double sum = 0;
      for (std::size_t row = 0; row < rows_; ++row) {
        distance[row] = std::min(distance[row], std::max(0.0, 2 - 2 * alike(row, centre)));
        sum += distance[row];
      }
      double at = static_cast<double>(stream.uniform(centre + 1)) * sum;
      std::size_t next = 0;
      while (next + 1 < rows_ && (at -= distance[next]) >= 0) ++next;
      add_centre(next);
    }
  }

  // Whether a row changed its cluster.
  bool assign(std::vector<std::int32_t>& of_row) const {
    bool changed = false;
    for (std::size_t row = 0; row < rows_; ++row) {
      std::int32_t best = 0;
      double most = alike(row, 0);
      for (std::size_t centre = 1; centre < count_; ++centre) {
        const double here = alike(row, centre);
        if (here <= most) continue;
        most = here;
        best = static_cast<std::int32_t>(centre);
      }
      changed = changed || of_row[row] != best;
      of_row[row] = best;
    }
    return changed;
  }

  void move_centres(const std::vector<std::int32_t>& of_row) {
    std::vector<double> sums(centres_.size(), 0.0);
    for (std::size_t row = 0; row < rows_; ++row) {
      double* sum = sums.data() + static_cast<std::size_t>(of_row[row]) * width_;
      for (std::size_t i = 0; i < width_; ++i)
        sum[i] += static_cast<double>(vectors_[row * width_ + i]);
    }
    for (std::size_t centre = 0; centre < count_; ++centre) {
      double square = 0;
      for (std::size_t i = 0; i < width_; ++i)
        square += sums[centre * width_ + i] * sums[centre * width_ + i];
      if (square <= 0) continue;  // empty: it stays where it was
      for (std::size_t i = 0; i < width_; ++i)
        centres_[centre * width_ + i] =
            static_cast<float>(sums[centre * width_ + i] / std::sqrt(square));
    }
  }

  std::span<const float> vectors_;
  std::size_t width_, rows_, count_;
  std::vector<float> centres_;  // [count, width]
};

}  // namespace

std::vector<std::int32_t> cluster_rows(std::span<const float> vectors, std::int64_t width,
                                       std::int64_t clusters, std::uint64_t seed) {
  return Clusters(vectors, width, clusters).run(seed);
}

}  // namespace attune::data
