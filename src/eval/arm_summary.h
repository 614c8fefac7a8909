// What an arm comes to, and what two arms differ in: the sums behind compare(). Used by compare.cc
// only.
#pragma once

#include <string>
#include <vector>

#include "eval/compare.h"
#include "eval/counted_measure.h"
#include "eval/intervals.h"

namespace attune::eval {

ArmSummary summarise(const ArmResult& arm, const std::vector<ItemScore>& scores,
                     const std::vector<CountedMeasure>& measures, const Intervals& intervals);

// Format compliance at more patient levels.
FormatPatience patience_of(const ArmResult& arm, const grammar::Contract& contract,
                           const Intervals& intervals);

LabelSummary labels_of(const std::vector<Item>& items, const ArmResult& arm);

// An arm with its scores and measures.
struct ScoredArm {
  const ArmResult& arm;
  const std::vector<ItemScore>& scores;
  const std::vector<CountedMeasure>& measures;
};
PairedComparison compare_pair(const ScoredArm& subject, const ScoredArm& other,
                              const Intervals& intervals);

}  // namespace attune::eval
