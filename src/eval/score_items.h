// Scores of items by the metric of a run: which metric that is, whether the items can be scored by
// it, and each answer's score.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "eval/arms.h"
#include "eval/criteria.h"
#include "eval/measures.h"
#include "eval/score.h"
#include "grammar/contract.h"

namespace attune::eval {

// By what answers are scored.
struct ScoredBy {
  MeasurePlan measures = {};
  const grammar::Contract* contract = nullptr;
  const Criteria* criteria = nullptr;  // of metric criteria
};

// JSON references are scored by field; one text reference makes the whole set text.
Metric metric_of(const std::vector<Item>& items, const MeasurePlan& plan);

// Refused: items that the plan's metric cannot score. Asked before a run as well.
Result<void> check_items(const std::vector<Item>& items, const ScoredBy& by);

// One answer alone. An item without an answer has everything wrong. The item was checked.
ItemScore score_one(const Item& item, const Answer& answer, Metric metric, const ScoredBy& by);

}  // namespace attune::eval
