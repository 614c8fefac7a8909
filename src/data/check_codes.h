// The checks of training data: one code each, stable, for reports, SARIF and documentation.
#pragma once

#include <span>
#include <string_view>

namespace attune::data {

struct CheckCode {
  std::string_view code;   // "D013"
  std::string_view rule;   // "last_turn_not_assistant"
  std::string_view title;  // for people: what a finding of it says
};

std::span<const CheckCode> check_codes();
// A code that is not in the list is a fault of ours.
const CheckCode& check_code(std::string_view code);

}  // namespace attune::data
