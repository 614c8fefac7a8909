// Text without the white space around it; of blank text the empty view at its end, never a view of
// nothing.
#pragma once

#include <string_view>

namespace attune {

inline std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return text.substr(text.size());
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace attune
