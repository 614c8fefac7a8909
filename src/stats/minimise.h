// Minimises a smooth function of a few variables: BFGS (Nocedal and Wright 2006, algorithm 6.1)
// with a backtracking line search. Enough for likelihoods of two to six parameters without bounds;
// a caller with several valleys starts it from several places.
#pragma once

#include <functional>
#include <vector>

namespace attune::stats {

// f(x), with its gradient written to `gradient` (same size as x).
using SmoothFunction =
    std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;

struct Minimum {
  std::vector<double> x;
  double value = 0;
  int iterations = 0;
};

// Stops when the gradient is below `tolerance` in every component, when a step changes nothing
// more, or after `most_iterations`.
Minimum minimise(const SmoothFunction& f, std::vector<double> start, double tolerance = 1e-8,
                 int most_iterations = 300);

}  // namespace attune::stats
