// Scores an answer by the instructions that it should keep (IFEval, metrics/ifeval.h): each is a
// field, accuracy is the share that hold strictly, exact match means that all do.
#pragma once

#include <string_view>

#include "eval/score.h"
#include "metrics/ifeval.h"

namespace attune::eval {

// contract may be nullptr.
ItemScore score_instructions(std::string_view answer, const metrics::IfevalPrompt& prompt,
                             const grammar::Contract* contract);

}  // namespace attune::eval
