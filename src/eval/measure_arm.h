// The measures of one arm beside its rates: what the plan asks for, and what comes with the metric
// (macro-F1 and MCC with labels, the four figures of IFEval, the criteria of an eval one by one).
//
//   ATTUNE_TRY(std::vector<CountedMeasure> measures, measure_arm(items, arm, scores, about));
//
// Each arm has the same list in the same order. An item without an answer counts as an empty one,
// except where a measure is about what was said: claims and terms of no answer are none.
#pragma once

#include <vector>

#include "base/result.h"
#include "eval/counted_measure.h"
#include "eval/measures.h"
#include "grammar/contract.h"

namespace attune::eval {

struct MeasuredBy {
  const MeasurePlan& plan;
  Metric metric;
  const grammar::Contract* contract;  // may be nullptr
};

// `scores` are the items' by the metric. Refused: terminology without a glossary.
Result<std::vector<CountedMeasure>> measure_arm(const std::vector<Item>& items,
                                                const ArmResult& arm,
                                                const std::vector<ItemScore>& scores,
                                                const MeasuredBy& by);

// The parts of it, by what is measured.
CountedMeasure text_measure(Beside beside, const std::vector<Item>& items, const ArmResult& arm);
std::vector<CountedMeasure> label_measures(const std::vector<Item>& items, const ArmResult& arm);

}  // namespace attune::eval
