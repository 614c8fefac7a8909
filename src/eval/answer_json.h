// An answer as a line of JSON; members that say nothing are left out.
#pragma once

#include <string_view>

#include "base/result.h"
#include "eval/arms.h"
#include "io/json.h"

namespace attune::eval {

// {"text":"...","prompt_tokens":120,"completion_tokens":31,"latency_ms":41.2,"first_token_ms":9.0,
//  "cut":true,"failure":"...","judged":[{"text":"7"}]}
Json to_json(const Answer& answer);
Result<Answer> answer_from_json(const Json& json, std::string_view where);

}  // namespace attune::eval
