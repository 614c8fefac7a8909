#include "stats/curve_fit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "stats/distributions.h"
#include "stats/minimise.h"

namespace attune::stats {

namespace {

constexpr double kLeastError = 1e-12;  // of a curve: keeps logarithms finite
constexpr std::size_t kStarts = 5;
constexpr std::size_t kWarmStarts = 1;  // besides the warm one
// Of the gradient; the log likelihood is then within about 1e-7 and 1e-5 of its maximum.
constexpr double kTolerance = 1e-6;
constexpr double kWarmTolerance = 1e-5;
constexpr int kOverdispersionRounds = 4;

double logit(double p) { return std::log(p / (1 - p)); }

double clamped_logit(double p) { return logit(std::clamp(p, 1e-4, 1 - 1e-4)); }

// Without the part that no curve changes.
double negative_log_likelihood(CurveModel model, std::span<const CurveCount> counts,
                               const CurveScale& scale, double rho, const std::vector<double>& x,
                               std::vector<double>& gradient) {
  CurveCoordinates at{};
  std::copy(x.begin(), x.end(), at.begin());
  std::fill(gradient.begin(), gradient.end(), 0.0);
  double sum = 0;
  for (const CurveCount& count : counts) {
    CurveCoordinates by_coordinate{};
    const double error = curve_error(model, at, scale, count.size, by_coordinate);
    const double p = std::clamp(error, kLeastError, 1 - kLeastError);
    sum -= beta_binomial_log_rest(count.failures, count.items, p, rho);
    const double slope = beta_binomial_log_slope(count.failures, count.items, p, rho);
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] -= slope * by_coordinate[i];
  }
  return sum;
}

double rate_at(std::span<const CurveCount> counts, double size) {
  double failures = 0;
  double items = 0;
  for (const CurveCount& count : counts) {
    if (count.size != size) continue;
    failures += count.failures;
    items += count.items;
  }
  return items > 0 ? failures / items : 0;
}

// Starts spread over where such curves lie: the limit below the error at the largest size, half of
// the fall near either end or the middle of the sizes, exponents about 1.
std::vector<std::vector<double>> starts(CurveModel model, std::span<const CurveCount> counts,
                                        const CurveScale& scale) {
  const double first = rate_at(counts, scale.smallest);
  const double last = rate_at(counts, scale.largest);
  if (model == CurveModel::log_linear) return {{clamped_logit(first), clamped_logit(last)}};
  std::vector<std::vector<double>> found;
  for (const double share : {0.1, 0.6, 0.95}) {
    const double limit = std::clamp(std::min(first, last) * share, 1e-4, 0.9);
    const double reducible = (first - limit) / (1 - limit);
    const std::vector<double> head{logit(limit), clamped_logit(reducible)};
    // The maps of curve_models.h are even in the logarithm: coordinate 0 is the geometric middle of
    // their range, and these spread over the sizes and over exponents from 0.3 to 2.
    for (const double half : {-0.8, 0.0, 0.8}) {
      for (const double exponent : {-0.6, 0.3, 0.9}) {
        std::vector<double> start = head;
        if (model != CurveModel::pow3) start.push_back(half);
        if (model != CurveModel::exponential) start.push_back(exponent);
        found.push_back(std::move(start));
        if (model == CurveModel::exponential) break;
      }
      if (model == CurveModel::pow3) break;
    }
  }
  return found;
}

double pearson(std::span<const CurveCount> counts, std::span<const double> rates, double rho) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double p = std::clamp(rates[i], kLeastError, 1 - kLeastError);
    const double off = counts[i].failures - counts[i].items * p;
    sum += off * off / (counts[i].items * p * (1 - p) * (1 + (counts[i].items - 1) * rho));
  }
  return sum;
}

double fitted_overdispersion(const CurveFit& fit, std::span<const CurveCount> counts,
                             const CurveScale& scale) {
  std::vector<double> rates;
  for (const CurveCount& count : counts) {
    CurveCoordinates unused{};
    rates.push_back(curve_error(fit.model, fit.at, scale, count.size, unused));
  }
  return overdispersion_around(counts, rates, curve_parameter_count(fit.model));
}

}  // namespace

CurveScale curve_scale(std::span<const CurveCount> counts) {
  CurveScale scale{.smallest = counts[0].size, .smallest_positive = 0, .largest = 0};
  for (const CurveCount& count : counts) {
    scale.smallest = std::min(scale.smallest, count.size);
    scale.largest = std::max(scale.largest, count.size);
    if (count.size > 0 && (scale.smallest_positive <= 0 || count.size < scale.smallest_positive)) {
      scale.smallest_positive = count.size;
    }
  }
  return scale;
}

CurveFit fit_curve(CurveModel model, std::span<const CurveCount> counts, const CurveScale& scale,
                   double rho, const CurveFit* warm) {
  const SmoothFunction objective = [&](const std::vector<double>& x,
                                       std::vector<double>& gradient) {
    return negative_log_likelihood(model, counts, scale, rho, x, gradient);
  };
  std::vector<std::vector<double>> from = starts(model, counts, scale);
  std::vector<double> unused(from[0].size());
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < from.size(); ++i) order.emplace_back(objective(from[i], unused), i);
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), warm == nullptr ? kStarts : kWarmStarts));

  Minimum best;
  best.value = HUGE_VAL;
  const auto attempt = [&](const std::vector<double>& start) {
    Minimum found = minimise(objective, start, warm == nullptr ? kTolerance : kWarmTolerance);
    if (found.value < best.value) best = std::move(found);
  };
  if (warm != nullptr) {
    attempt({warm->at.begin(), warm->at.begin() + static_cast<std::ptrdiff_t>(unused.size())});
  }
  for (const auto& [value, place] : order) attempt(from[place]);
  CurveFit fit{.model = model, .log_likelihood = -best.value};
  for (const CurveCount& count : counts)
    fit.log_likelihood += log_choose(count.items, count.failures);
  std::copy(best.x.begin(), best.x.end(), fit.at.begin());
  return fit;
}

std::vector<CurveFit> fit_curves(std::span<const CurveModel> models,
                                 std::span<const CurveCount> counts, const CurveScale& scale,
                                 double rho, std::span<const CurveFit> warm) {
  double worth = 0;  // independent items
  for (const CurveCount& count : counts) worth += count.items / (1 + (count.items - 1) * rho);
  std::vector<CurveFit> fits;
  double least = HUGE_VAL;
  for (std::size_t i = 0; i < models.size(); ++i) {
    CurveFit fit = fit_curve(models[i], counts, scale, rho, warm.empty() ? nullptr : &warm[i]);
    const double k = static_cast<double>(curve_parameter_count(models[i])) + (rho > 0 ? 1 : 0);
    fit.aicc = -2 * fit.log_likelihood + 2 * k + 2 * k * (k + 1) / std::max(1.0, worth - k - 1);
    least = std::min(least, fit.aicc);
    fits.push_back(fit);
  }
  double total = 0;
  for (CurveFit& fit : fits) total += fit.weight = std::exp(-(fit.aicc - least) / 2);
  for (CurveFit& fit : fits) fit.weight /= total;
  return fits;
}

double overdispersion_around(std::span<const CurveCount> counts, std::span<const double> rates,
                             std::size_t parameters) {
  if (counts.size() <= parameters) return 0;
  const double degrees = static_cast<double>(counts.size() - parameters);
  if (pearson(counts, rates, 0) <= degrees) return 0;
  double low = 0;
  double high = 0.99;  // at 1 there is no beta distribution left
  if (pearson(counts, rates, high) >= degrees) return high;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (pearson(counts, rates, middle) > degrees ? low : high) = middle;
  }
  return (low + high) / 2;
}

double estimate_overdispersion(std::span<const CurveModel> models,
                               std::span<const CurveCount> counts, const CurveScale& scale) {
  double rho = 0;
  for (int round = 0; round < kOverdispersionRounds; ++round) {
    const std::vector<CurveFit> fits = fit_curves(models, counts, scale, rho);
    const auto likeliest = std::max_element(
        fits.begin(), fits.end(),
        [](const CurveFit& a, const CurveFit& b) { return a.log_likelihood < b.log_likelihood; });
    const double next = fitted_overdispersion(*likeliest, counts, scale);
    if (std::abs(next - rho) <= 1e-6 * std::max(next, rho) || next == rho) return next;
    rho = next;
  }
  return rho;
}

}  // namespace attune::stats
