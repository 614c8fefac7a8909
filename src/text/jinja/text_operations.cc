#include "text/jinja/text_operations.h"

#include <algorithm>

#include "text/jinja/python_text.h"

namespace attune::text::jinja {

namespace {

std::string upper_character(char32_t code) {
  std::string one;
  append_utf8(one, code);
  return upper_case(one);
}

bool ends_line(char32_t code) {
  return (code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1E) || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

}  // namespace

MarkedText lowered(const MarkedText& text) {
  return map_characters(text, [](char32_t code, std::size_t) { return lower_case(code); });
}

MarkedText uppered(const MarkedText& text) {
  return map_characters(text, [](char32_t code, std::size_t) { return upper_character(code); });
}

MarkedText capitalized(const MarkedText& text) {
  return map_characters(text, [](char32_t code, std::size_t index) {
    return index == 0 ? upper_character(code) : lower_case(code);
  });
}

MarkedText titled(const MarkedText& text) {
  bool after_letter = false;
  return map_characters(text, [&](char32_t code, std::size_t) {
    std::string mapped = after_letter ? lower_case(code) : upper_character(code);
    after_letter = is_letter(code);
    return mapped;
  });
}

MarkedText title_words(const MarkedText& text) {
  bool starts = true;
  return map_characters(text, [&](char32_t code, std::size_t) {
    const bool splits = is_white_space(code) || code == '-' || code == '(' || code == '{' ||
                        code == '[' || code == '<';
    std::string mapped = starts ? upper_character(code) : lower_case(code);
    starts = splits;
    return mapped;
  });
}

MarkedText replaced(const MarkedText& text, const MarkedText& from, const MarkedText& to,
                    std::int64_t count) {
  MarkedText out;
  std::size_t at = 0;
  const auto add = [&] {
    check_text_size(out.text.size() + to.text.size());
    out.append(to);
    --count;
  };
  if (from.text.empty()) {
    // Between all characters, and at both ends.
    while (count != 0) {
      add();
      if (at >= text.text.size()) break;
      const std::size_t end = at + character_at(text.text, at).bytes;
      out.append_part(text, at, end);
      at = end;
    }
    out.append_part(text, at, text.text.size());
    return out;
  }
  while (count != 0) {
    const std::size_t found = text.text.find(from.text, at);
    if (found == std::string::npos) break;
    out.append_part(text, at, found);
    add();
    at = found + from.text.size();
  }
  out.append_part(text, at, text.text.size());
  return out;
}

std::vector<MarkedText> split_lines(const MarkedText& text, bool keep_ends) {
  std::vector<MarkedText> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.text.size();) {
    const Character character = character_at(text.text, at);
    std::size_t end = at + character.bytes;
    if (character.valid && ends_line(character.code)) {
      if (character.code == '\r' && end < text.text.size() && text.text[end] == '\n') ++end;
      check_item_count(lines.size());
      lines.push_back(text.part(begin, keep_ends ? end : at));
      begin = end;
    }
    at = end;
  }
  if (begin < text.text.size()) lines.push_back(text.part(begin, text.text.size()));
  return lines;
}

MarkedText padded(const MarkedText& text, std::int64_t left, std::int64_t right,
                  std::string_view fill) {
  MarkedText out;
  const auto pad = [&](std::int64_t times) {
    if (times <= 0) return;
    if (times > static_cast<std::int64_t>(kLongestText)) check_text_size(kLongestText + 1);
    check_text_size(static_cast<std::size_t>(times) * fill.size());
    std::string all;
    for (std::int64_t i = 0; i < times; ++i) all += fill;
    out.append(all, kTrusted);
  };
  pad(left);
  out.append(text);
  pad(right);
  return out;
}

MarkedText centered(const MarkedText& text, std::int64_t width, std::string_view fill) {
  const std::int64_t size = character_count(text.text);
  if (width <= size) return text;
  // str.center puts the odd one to the left when the width is odd.
  const std::int64_t room = width - size;
  const std::int64_t left = room / 2 + (room & width & 1);
  return padded(text, left, room - left, fill);
}

}  // namespace attune::text::jinja
