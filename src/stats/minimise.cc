#include "stats/minimise.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace attune::stats {

namespace {

constexpr double kLargestStep = 4;    // in any one variable
constexpr double kSufficient = 1e-4;  // Armijo: the share of the promised fall that is asked for
constexpr double kLeastShrink = 1e-9;
constexpr double kLeastCurvature = 1e-14;
constexpr double kNoFall = 1e-13;  // about what a likelihood loses to rounding

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double largest(const std::vector<double>& v) {
  double most = 0;
  for (const double x : v) most = std::max(most, std::abs(x));
  return most;
}

// The approximate inverse of the Hessian.
class InverseHessian {
 public:
  explicit InverseHessian(std::size_t size) : size_(size), cells_(size * size) { reset(1); }

  void reset(double scale) {
    std::fill(cells_.begin(), cells_.end(), 0.0);
    for (std::size_t i = 0; i < size_; ++i) cells_[i * size_ + i] = scale;
  }

  std::vector<double> times(const std::vector<double>& v) const {
    std::vector<double> product(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t k = 0; k < size_; ++k) product[i] += cells_[i * size_ + k] * v[k];
    }
    return product;
  }

  // H <- (I - r s y') H (I - r y s') + r s s', r = 1 / y's.
  void update(const std::vector<double>& s, const std::vector<double>& y) {
    const double curvature = dot(s, y);
    const std::vector<double> hy = times(y);
    const double scale = (1 + dot(y, hy) / curvature) / curvature;
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t k = 0; k < size_; ++k) {
        cells_[i * size_ + k] += scale * s[i] * s[k] - (hy[i] * s[k] + s[i] * hy[k]) / curvature;
      }
    }
  }

 private:
  std::size_t size_;
  std::vector<double> cells_;
};

std::vector<double> moved(const std::vector<double>& from, double length,
                          const std::vector<double>& along) {
  std::vector<double> to = from;
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += length * along[i];
  return to;
}

struct Place {
  std::vector<double> x;
  double value = 0;
  std::vector<double> gradient;
};

// The first of the lengths 1, 1/2, 1/4 ... at which f falls by a fair share of what the gradient
// promises; false when none does.
bool line_search(const SmoothFunction& f, const Place& from, const std::vector<double>& direction,
                 Place& to) {
  const double promised = dot(direction, from.gradient);
  to.gradient.resize(from.x.size());
  for (double length = std::min(1.0, kLargestStep / largest(direction)); length >= kLeastShrink;
       length /= 2) {
    to.x = moved(from.x, length, direction);
    to.value = f(to.x, to.gradient);
    if (to.value <= from.value + kSufficient * length * promised) return true;
  }
  return false;
}

}  // namespace

Minimum minimise(const SmoothFunction& f, std::vector<double> start, double tolerance,
                 int most_iterations) {
  const std::vector<double> zero(start.size());
  Place here{.x = std::move(start), .gradient = zero};
  here.value = f(here.x, here.gradient);
  InverseHessian inverse(zero.size());
  bool fresh = true;  // the matrix is a multiple of the identity: the direction is straight down
  int iterations = 0;
  for (; iterations < most_iterations && largest(here.gradient) > tolerance; ++iterations) {
    const std::vector<double> direction = moved(zero, -1, inverse.times(here.gradient));
    Place next;
    if (!(dot(direction, here.gradient) < 0) || !line_search(f, here, direction, next)) {
      if (fresh) break;  // no fall even straight down: this is the minimum, to rounding
      inverse.reset(1);
      fresh = true;
      continue;
    }
    const std::vector<double> step = moved(next.x, -1, here.x);
    const std::vector<double> change = moved(next.gradient, -1, here.gradient);
    const double curvature = dot(step, change);
    if (curvature > kLeastCurvature * dot(step, step)) {
      if (fresh) inverse.reset(curvature / dot(change, change));
      inverse.update(step, change);
      fresh = false;
    }
    const bool still = here.value - next.value <= kNoFall * std::abs(here.value);
    here = std::move(next);
    if (still) break;
  }
  return {.x = std::move(here.x), .value = here.value, .iterations = iterations};
}

}  // namespace attune::stats
