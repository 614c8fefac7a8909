// The parts of a run's report beside its tables, from the recorded run: the judge, the score by
// checkpoint, what an accepted answer costs, and what tuning made the model forget.
//
//   ATTUNE_TRY_VOID(add_supplements(record, comparison));   // compare_run does
#pragma once

#include "eval/run_record.h"

namespace attune::eval {

Result<void> add_supplements(const RunRecord& record, Comparison& comparison);

// Arms with a "step" in the suite, by step, with a line for each measure. Nothing with fewer than
// two.
std::optional<Supplement> steps_supplement(const Json& suite, const Comparison& comparison);

// Arms with a "price" in the suite. An answer is accepted when it keeps the contract and is wholly
// right; its cost is that of all answers over the number of accepted ones, with Wilson's limits of
// the accepted share. Tokens by their price, or the time of an answer alone by that of the machine.
std::optional<Supplement> costs_supplement(const Json& suite, const RunRecord& record,
                                           const Comparison& comparison);

// The general items of a run, answered by the base and the tuned model: base - tuned.
Result<Supplement> forgetting_supplement(const RunRecord& general);

}  // namespace attune::eval
