// The checks of one conversation: D008 to D014, D017, and what its texts hold (D002, D024, D040).
#pragma once

#include <string_view>

#include "data/check_place.h"

namespace attune::data {

// How a list of messages is to end.
enum class Ending {
  answer,    // a training conversation: the assistant speaks last
  question,  // a prompt: anything but the assistant
  answers,   // nothing but what an assistant (and its tools) say: one side of a preference pair
};

// What other checks want to know of a conversation that was checked.
struct ConversationView {
  std::string_view system;    // content of the first system or developer message
  std::string_view question;  // of the last user message
  std::string_view answer;    // of the last assistant message
  JsonRef answer_at;          // that content; does not exist when there is none
  bool has_system = false;
  bool has_question = false;
  bool has_tool_calls = false;
};

// `messages` is any value. `converted`: it was made from another format, whose role names are
// its own.
ConversationView check_messages(JsonRef messages, Ending ending, bool converted,
                                RowReporter& reporter);

// The checks of a single text: invisible characters, control tokens, mojibake.
void check_words(JsonRef string, RowReporter& reporter);

// "user" for "human"; empty when `role` is no known other name of a role.
std::string_view role_for_alias(std::string_view role);

}  // namespace attune::data
