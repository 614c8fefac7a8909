// What string filters and string methods share. Every result keeps the marks of the text that it is
// made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"
#include "text/unicode.h"

namespace attune::text::jinja {

// Each character replaced by map(code, index).
template <typename Map>
MarkedText map_characters(const MarkedText& text, Map map) {
  MarkedText out;
  std::size_t index = 0;
  for (std::size_t at = 0; at < text.text.size(); ++index) {
    const Character character = character_at(text.text, at);
    const std::size_t end = at + character.bytes;
    if (character.valid) {
      out.append(map(character.code, index), text.joint_mark(at, end));
    } else {
      out.append_part(text, at, end);
    }
    at = end;
  }
  return out;
}

MarkedText lowered(const MarkedText& text);
MarkedText uppered(const MarkedText& text);
MarkedText capitalized(const MarkedText& text);
// Upper case after everything that is not a letter (str.title).
MarkedText titled(const MarkedText& text);
// Upper case after white space and opening brackets only (the filter).
MarkedText title_words(const MarkedText& text);

// At most `count` replacements; negative: all.
MarkedText replaced(const MarkedText& text, const MarkedText& from, const MarkedText& to,
                    std::int64_t count);

// Lines without their ends (with them when `keep_ends`).
std::vector<MarkedText> split_lines(const MarkedText& text, bool keep_ends);

// With `left` and `right` copies of `fill` at the sides.
MarkedText padded(const MarkedText& text, std::int64_t left, std::int64_t right,
                  std::string_view fill);
MarkedText centered(const MarkedText& text, std::int64_t width, std::string_view fill);

}  // namespace attune::text::jinja
