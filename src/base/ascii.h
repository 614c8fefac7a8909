// Letters of ASCII; all other bytes, UTF-8 among them, stay as they are, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace attune {

inline std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

}  // namespace attune
