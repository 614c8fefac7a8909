// From what a judge says to what people would say: figures whose intervals carry the judge's own
// error, known from answers that people labelled as well.
//
//   const JudgeError error{.positives = 40, .true_positives = 36, .negatives = 30, .true_negatives
//   = 24}; if (const auto rate = corrected_rate(passes, n, error)) ...
//
// A judge that passes bad answers and fails good ones reports p = Se theta + (1 - Sp)(1 - theta) of
// answers as good when theta are. Solved for theta this is the estimator of Rogan and Gladen
// (1978), (p + Sp - 1) / (Se + Sp - 1). The interval is that of Lang and Reiczigel (2014): with z
// the normal quantile,
//
//   n' = n + z^2, p' = (n p + z^2/2) / n';  m' = m + 2, Se' = (m Se + 1) / m', likewise Sp'
//   theta' = (p' + Sp' - 1) / (Se' + Sp' - 1)
//   shift  = 2 z^2 (theta' Se'(1 - Se')/m1' - (1 - theta') Sp'(1 - Sp')/m0')
//   se^2   = (p'(1 - p')/n' + theta'^2 Se'(1 - Se')/m1' + (1 - theta')^2 Sp'(1 - Sp')/m0')
//            / (Se' + Sp' - 1)^2
//   [theta' + shift - z se, theta' + shift + z se], cut to [0, 1].
//
// Scores and preferences, means of values in [0, 1], are corrected by the judge's mean error on the
// labelled answers (prediction-powered inference, Angelopoulos et al. 2023): mean(judge) +
// mean(label - judge), with the variance of both and Welch's degrees of freedom.
//
// Both suppose that the labelled answers are of the same kind as the others: the judge errs on them
// as often.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stats/statistics.h"

namespace attune::eval {

// What the judge said of answers that people called good, and bad.
struct JudgeError {
  std::int64_t positives = 0, true_positives = 0;  // labelled good; of them passed
  std::int64_t negatives = 0, true_negatives = 0;  // labelled bad; of them failed
};

// `n` may be an effective number of items, where they belong together. Empty when there are no
// labels of one kind, or the judge is no better than chance (Se + Sp <= 1).
std::optional<stats::Estimate> corrected_rate(double passes, double n, const JudgeError& error,
                                              double confidence = 0.95);

// The same judge on two arms' answers to the same items: mean(differences) / (Se + Sp - 1), as the
// judge's errors meet both. `spread` is the standard error of the mean difference. By the delta
// method with Se' and Sp'.
std::optional<stats::Estimate> corrected_difference(double difference, double spread,
                                                    const JudgeError& error,
                                                    double confidence = 0.95);

// `errors` are label - judge on the labelled answers. Empty with fewer than two of them.
std::optional<stats::Estimate> corrected_mean(double mean, double spread,
                                              std::span<const double> errors,
                                              double confidence = 0.95);

}  // namespace attune::eval
