// The messages of a chat request, checked role by role. Inside the layer only.
#pragma once

#include "io/json.h"
#include "wire/fields.h"

namespace attune::wire {

// "messages" in the form that ChatRequest describes; an empty array after a fault.
Json read_chat_messages(Fields& fields);

// The name of a function: 1 to 64 of a-z, A-Z, 0-9, _ and -.
bool is_function_name(std::string_view name);

}  // namespace attune::wire
