// An OpenAI eval in a file as a suite: what a row must be, the testing criteria, and where a run
// has its rows and prompts from. The same graders as behind the evals API (docs/evals-api.md) judge
// it.
//
//   {"name": "animals",
//    "data_source_config": {"type": "custom", "item_schema": {...}},
//    "testing_criteria": [{"type": "string_check", ...}],
//    "data_source": {"type": "completions", "model": ..., "input_messages": ..., "source": ...}}
//
// data_source is that of a run of the API; its rows can also be a file (--data), its model others
// (--models). Rows of type jsonl, or of no source at all, bring their answers.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "eval/suite.h"

namespace attune::eval {

bool is_eval_object(const Json& document);

// Its metric is `criteria`. It may lack rows and arms, which check_suite refuses once the command
// line has had its say.
Result<Suite> suite_of_eval(const Json& document, std::string_view where, const Path& folder);

}  // namespace attune::eval
