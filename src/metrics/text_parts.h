// Small pieces that several measures read text with.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "text/unicode.h"

namespace attune::metrics {

inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_ascii_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
inline bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

inline bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Lower case by Unicode; quick for ASCII, which most texts are.
inline std::string lower_text(std::string_view text) {
  return is_ascii(text) ? ascii_lower(text) : text::lower_case(text);
}

inline constexpr std::string_view kTypesetMinus = "\xE2\x88\x92";  // U+2212

std::string replaced(std::string_view text, std::string_view from,
                     std::string_view to);  // tokens.cc

// The lines of a text without their line feeds; none for an empty text.
inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Words with one space between them.
inline std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

}  // namespace attune::metrics
