// From a comparison to a decision: fine-tune, prompting is enough, do not fine-tune, or not enough
// evidence.
//
//   eval::Verdict verdict = advise::decide(comparison, {.format_compliance = 0.96});
//   return verdict.exit_code;
//
// The tuned arm is held against the best prompting arm: the one with the larger sum of format
// compliance and domain accuracy. These two measures count. For each, the difference
// tuned - prompting has a value and a 95 % interval:
//
//   better    the interval is above 0 and the value is at least `least_gain`
//   worse     the interval is below 0 and the value is at most -`harm_margin`
//   no gain   the whole interval is below `least_gain`: a gain worth having is excluded
//
// The first rule that fits decides:
//
//   1. bars were given, and the prompting arm's intervals clear them all   prompting is enough
//   2. better in one measure, worse in none, and an exact McNemar test
//      of compliance or exact match (Holm-adjusted) below `significance`   fine-tune
//   3. better in one measure, worse in the other                           inconclusive
//   4. worse in a measure                                                  do not fine-tune
//   5. no gain in both; prompting reaches `good_enough` in both            prompting is enough
//      no gain in both; it does not                                        do not fine-tune
//   6. anything else                                                       inconclusive
//
// Bars apply to the arm that the verdict recommends (the tuned one unless prompting is enough).
// Exit code: 1 when the measured value misses a bar; else 3 when the decision is inconclusive, or
// when a bar is met by the value but not by its interval; else 0.
#pragma once

#include <optional>

#include "eval/compare.h"
#include "eval/verdict.h"

namespace attune::advise {

// Bars that the user requires, in shares; absent: none.
struct Requirements {
  std::optional<double> format_compliance = {};
  std::optional<double> domain_accuracy = {};
  std::optional<double> exact_match = {};
};

struct Thresholds {
  double least_gain = 0.05;   // a smaller gain does not pay for training and keeping a model
  double harm_margin = 0.02;  // a smaller loss is taken as noise
  double significance = 0.05;
  double good_enough =
      0.90;  // what prompting must reach to be called enough when no bars are given
};

eval::Verdict decide(const eval::Comparison& comparison, const Requirements& requirements = {},
                     const Thresholds& thresholds = {});

// The bars alone, for the subject, where no tuned arm was measured. Exit code as above; 0 without
// bars.
eval::Verdict check_bars(const eval::Comparison& comparison, const Requirements& requirements);

}  // namespace attune::advise
