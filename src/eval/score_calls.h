// Scores an answer that calls functions, by the rules of the Berkeley Function Calling Leaderboard
// (metrics/tool_match.h): right or wrong as a whole. The fields "function" and "arguments" say what
// was wrong.
//
// Compliant without a contract: the whole answer is one JSON document that reads as calls. As
// elsewhere, calls behind chatter or in a fence are scored, and break the format.
#pragma once

#include <string_view>

#include "base/result.h"
#include "eval/score.h"
#include "io/json.h"

namespace attune::eval {

// Calls as accepted ones: [{"play": {"artist": ["Adele"]}}]. What has that form stays; calls as an
// answer has them, {"name", "arguments"}, become the only right ones.
Result<Json> accepted_calls(const Json& wanted, std::string_view where);

// Refused: accepted calls of functions that are not declared, or with types that have no rule.
Result<void> check_calls(const Json& functions, const Json& accepted, std::string_view where);

// Both were checked. contract may be nullptr.
ItemScore score_calls(std::string_view answer, const Json& functions, const Json& accepted,
                      const grammar::Contract* contract);

}  // namespace attune::eval
