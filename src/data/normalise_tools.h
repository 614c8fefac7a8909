// Tool calls in one form: the older function_call fields become tool_calls, and arguments compact
// JSON text.
#pragma once

#include <string>
#include <vector>

#include "io/json.h"

namespace attune::data {

// Turns "function_call" of an assistant into a tool call with an id of its own (call_1, ...), and
// messages of the role "function" into the tool message that answers it. The indices of the changed
// messages.
std::vector<std::size_t> modernise_function_calls(Json& messages);

// Arguments as an object become their JSON text; JSON text is written without spaces, its keys as
// they stand. What is not JSON stays. True when something changed.
bool make_arguments_canonical(Json& call);

}  // namespace attune::data
