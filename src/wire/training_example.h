// The checks of one line of a training file that is a JSON object. Inside the layer only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "io/json.h"
#include "wire/training_file.h"

namespace attune::wire {

// What the line looks like; unknown when it has none of the formats' keys.
TrainingFormat format_of(const Json& example);

// Receives a fault: its kind, where in the example ("", "message 2", "tool 1") and what is wrong
// there, and the path of the value.
using FaultReceiver = std::function<void(std::string_view kind, std::string_view place,
                                         std::string message, std::string path)>;

struct ExampleFacts {
  bool has_system_message = false;
  bool has_user_message = false;
};
ExampleFacts check_chat_example(const Json& example, const FaultReceiver& fault);
void check_prompt_completion(const Json& example, const FaultReceiver& fault);
void check_preference(const Json& example, const FaultReceiver& fault);

}  // namespace attune::wire
