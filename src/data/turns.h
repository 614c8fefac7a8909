// Lists of turns as the many chat formats write them, as messages of the chat format.
#pragma once

#include "data/mapping.h"
#include "io/json.h"

namespace attune::data {

// {"from","value"}, {"role","value"} and {"role","content"} turns (or those of `tags`) become
// {"role","content"}; the role's name stays the source's, which normalise.h translates, but:
//  - a function_call turn, whose text is {"name","arguments"} or a list of them, becomes an
//    assistant's tool_calls, with ids call_1, call_2, ... and the arguments as JSON text;
//  - an observation turn (tool, function_response, tool_response) becomes the tool message that
//    answers the first call without an answer;
//  - "train" and "training" (true or false) become the weight 1 or 0.
// What is no turn stays as it is, for the checks to name.
Json messages_of_turns(const Json& turns, const TurnTags& tags);

// A list of tools as other formats write it: bare {"name","parameters"} objects become
// {"type":"function","function":{...}}; a text is read as JSON. Null for nothing (null, an empty
// text or list); what is neither stays as it is.
Json tools_of_value(const Json& value);

// True for a list whose items look like turns.
bool is_list_of_turns(const Json& value);

}  // namespace attune::data
