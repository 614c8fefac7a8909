// The contract in words: what a prompt must say so that a model that was not trained on the task
// can follow it.
#pragma once

#include <string>

#include "grammar/contract.h"

namespace attune::grammar {

// For example
//
//   Read the message and answer as one JSON object with these keys:
//   - "category": one of "billing", "delivery"
//   - "customer": object with
//     - "name": text
//   - "order_id": text, or null
//   Preferred terms: "valve actuator" (motor, knob)
//   Use null for what is missing. Only JSON.
//
// Keys and labels stand in quotes, as in the answer: what is to be written exactly is shown
// exactly. Local $refs are followed one level at a time; what the words cannot say (patterns,
// bounds) is left to the schema.
std::string instruction(const Contract& contract);

}  // namespace attune::grammar
