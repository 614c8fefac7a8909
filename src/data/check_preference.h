// D042, and the conversation checks of both sides of a preference pair: OpenAI's {"input",
// "preferred_output","non_preferred_output"} and TRL's {"prompt"?,"chosen","rejected"}.
#pragma once

#include <optional>
#include <string_view>

#include "data/check_messages.h"

namespace attune::data {

struct PreferencePair {
  JsonRef prompt;  // messages, a text, or absent
  JsonRef chosen;  // messages or a text
  JsonRef rejected;
  JsonRef tools;
};

// Nothing when the row is no preference pair.
std::optional<PreferencePair> preference_pair(JsonRef row);

// Counts lengths over all pairs, to say when the preferred answers are the longer ones throughout.
class PreferenceCheck {
 public:
  // What the pair says, the preferred answer as the answer.
  ConversationView check(const PreferencePair& pair, RowReporter& reporter);
  std::vector<Finding> finish(std::string_view source) const;

 private:
  std::int64_t pairs_ = 0;
  std::int64_t chosen_longer_ = 0;  // by half or more
  std::int64_t chosen_length_ = 0;
  std::int64_t rejected_length_ = 0;
};

}  // namespace attune::data
