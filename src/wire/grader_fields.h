// Graders and the messages of prompts, read from a request. Inside the layer only.
#pragma once

#include <string_view>
#include <vector>

#include "wire/fields.h"
#include "wire/grader.h"

namespace attune::wire {

struct GraderRules {
  bool is_criterion = false;  // of an eval: it passes or fails, so it may have a threshold
  bool inside_multi = false;
};

// `fields` is of `object`. After a fault the grader is of no use.
Grader read_grader(Fields& fields, const Json& object, const GraderRules& rules);

// The list `name` of messages; images and audio are refused by name.
std::vector<PromptMessage> read_prompt(Fields& fields, std::string_view name);

// Refuses what `name` asks for unless it is absent, null or "none".
void refuse_reasoning(Fields& fields);

}  // namespace attune::wire
