#include "data/facility_location.h"

#include <algorithm>
#include <numeric>
#include <queue>

namespace attune::data {

namespace {

// Gains computed together, so that similarities come from one product.
constexpr std::size_t kGainsTogether = 32;

struct Gain {
  double value = 0;  // exact when `round` is the present one, else a bound from above
  std::int64_t row = 0;
  std::int64_t round = 0;
};

struct Worse {
  bool operator()(const Gain& a, const Gain& b) const {
    return a.value != b.value ? a.value < b.value : a.row > b.row;
  }
};

class Greedy {
 public:
  Greedy(std::int64_t rows, std::int64_t keep, const Similarities& similarities,
         const FacilityOptions& options)
      : similarities_(similarities),
        options_(options),
        keep_(keep),
        best_(static_cast<std::size_t>(rows), 0.0f),
        buffer_(kGainsTogether * static_cast<std::size_t>(rows)) {}

  FacilityChoice run() {
    std::vector<std::int64_t> all(best_.size());
    std::iota(all.begin(), all.end(), std::int64_t{0});
    const std::span<const std::int64_t> allowed =
        options_.allowed.empty() ? std::span<const std::int64_t>(all) : options_.allowed;
    for (std::size_t begin = 0; begin < allowed.size(); begin += kGainsTogether)
      evaluate(allowed.subspan(begin, std::min(kGainsTogether, allowed.size() - begin)), 0);
    double value = 0;
    while (std::ssize(choice_.rows) < keep_ && !queue_.empty()) {
      refresh_top();
      const Gain next = queue_.top();
      queue_.pop();
      take(next.row);
      value += next.value;
      choice_.rows.push_back(next.row);
      choice_.values.push_back(value);
    }
    return std::move(choice_);
  }

 private:
  double quality_gain(std::int64_t row) const {
    if (options_.quality.empty()) return 0;
    return options_.quality_weight * options_.quality[static_cast<std::size_t>(row)] /
           static_cast<double>(keep_);
  }

  void evaluate(std::span<const std::int64_t> rows, std::int64_t round) {
    const std::size_t width = best_.size();
    const std::span<float> out = std::span(buffer_).first(rows.size() * width);
    similarities_(rows, out);
    const double share = 1 - (options_.quality.empty() ? 0 : options_.quality_weight);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const float* with = out.data() + i * width;
      double gain = 0;
      for (std::size_t at = 0; at < width; ++at)
        gain += static_cast<double>(std::max(0.0f, with[at] - best_[at]));
      queue_.push({.value = share * gain / static_cast<double>(width) + quality_gain(rows[i]),
                   .row = rows[i],
                   .round = round});
    }
    choice_.evaluations += std::ssize(rows);
  }

  // Until the top's gain is exact.
  void refresh_top() {
    const std::int64_t round = std::ssize(choice_.rows);
    while (queue_.top().round != round) {
      std::vector<std::int64_t> stale;
      while (!queue_.empty() && queue_.top().round != round && stale.size() < kGainsTogether) {
        stale.push_back(queue_.top().row);
        queue_.pop();
      }
      evaluate(stale, round);
    }
  }

  void take(std::int64_t row) {
    const std::span<float> out = std::span(buffer_).first(best_.size());
    similarities_({&row, 1}, out);
    for (std::size_t i = 0; i < best_.size(); ++i) best_[i] = std::max(best_[i], out[i]);
  }

  const Similarities& similarities_;
  const FacilityOptions& options_;
  const std::int64_t keep_;
  std::vector<float> best_;  // of each row, with the chosen; 0 at least
  std::vector<float> buffer_;
  std::priority_queue<Gain, std::vector<Gain>, Worse> queue_;
  FacilityChoice choice_;
};

}  // namespace

FacilityChoice choose_facilities(std::int64_t rows, std::int64_t keep,
                                 const Similarities& similarities, const FacilityOptions& options) {
  return Greedy(rows, keep, similarities, options).run();
}

double facility_value(std::int64_t rows, std::span<const std::int64_t> chosen,
                      const Similarities& similarities) {
  const auto width = static_cast<std::size_t>(rows);
  std::vector<float> best(width, 0.0f), buffer(kGainsTogether * width);
  for (std::size_t begin = 0; begin < chosen.size(); begin += kGainsTogether) {
    const auto part = chosen.subspan(begin, std::min(kGainsTogether, chosen.size() - begin));
    const std::span<float> out = std::span(buffer).first(part.size() * width);
    similarities(part, out);
    for (std::size_t i = 0; i < out.size(); ++i)
      best[i % width] = std::max(best[i % width], out[i]);
  }
  return std::accumulate(best.begin(), best.end(), 0.0) /
         static_cast<double>(std::max<std::int64_t>(1, rows));
}

}  // namespace attune::data
