#include "text/unicode.h"

#include <cstdlib>

#include <utf8proc.h>

namespace attune::text {

namespace {

utf8proc_category_t category(char32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u;
}

char32_t low_bits(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]) & 0x3Fu;
}

// The length of a character by its first byte; 0 for a byte that starts none.
std::size_t announced_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  if (first < 0xF5) return 4;
  return 0;
}

// The bounds of the second byte, which exclude overlong forms, surrogates and codes beyond
// U+10FFFF.
bool second_byte_fits(unsigned char first, unsigned char second) {
  const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

// How many bytes from `at` are a proper beginning of a character, at most its whole length.
std::size_t well_formed_length(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t length = announced_length(first);
  if (length <= 1) return length;
  if (at + 1 >= text.size() || !second_byte_fits(first, static_cast<unsigned char>(text[at + 1]))) {
    return 1;
  }
  std::size_t have = 2;
  while (have < length && continues(text, at + have)) ++have;
  return have;
}

template <typename Map>
std::string map_characters(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.valid) {
      map(out, character.code);
    } else {
      out.push_back(text[at]);
    }
    at += character.bytes;
  }
  return out;
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = announced_length(first);
  if (length == 0 || well_formed_length(text, at) != length) return {first, 1, false};
  char32_t code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | low_bits(text, at + i);
  return {code, length, true};
}

void append_utf8(std::string& text, char32_t code) {
  const auto push = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    push(code);
  } else if (code < 0x800) {
    push(0xC0 | code >> 6);
    push(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    push(0xE0 | code >> 12);
    push(0x80 | (code >> 6 & 0x3F));
    push(0x80 | (code & 0x3F));
  } else {
    push(0xF0 | code >> 18);
    push(0x80 | (code >> 12 & 0x3F));
    push(0x80 | (code >> 6 & 0x3F));
    push(0x80 | (code & 0x3F));
  }
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (!character.valid) return false;
    at += character.bytes;
  }
  return true;
}

std::size_t unfinished_tail(std::string_view text) {
  const std::size_t size = text.size();
  for (std::size_t back = 1; back <= 3 && back <= size; ++back) {
    const std::size_t at = size - back;
    if (continues(text, at)) continue;
    const std::size_t length = announced_length(static_cast<unsigned char>(text[at]));
    return length > back && well_formed_length(text, at) == back ? back : 0;
  }
  return 0;
}

std::string with_replacements(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.valid) {
      out.append(text.substr(at, character.bytes));
      at += character.bytes;
    } else {
      out.append("\xEF\xBF\xBD");
      const std::size_t part = well_formed_length(text, at);
      at += part == 0 ? 1 : part;
    }
  }
  return out;
}

bool is_letter(char32_t code) {
  if (code < 0x80) return (code | 0x20u) - 'a' < 26u;
  const auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_upper_case(char32_t code) {
  if (code < 0x80) return code - 'A' < 26u;
  return category(code) == UTF8PROC_CATEGORY_LU;
}

bool is_number(char32_t code) {
  if (code < 0x80) return code - '0' < 10u;
  const auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO;
}

bool is_white_space(char32_t code) {
  if (code < 0x80) return code == ' ' || (code >= 9 && code <= 13);
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
         code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_punctuation(char32_t code) {
  if (code < 0x80) {
    return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
           (code >= 123 && code <= 126);
  }
  const auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

bool is_nonspacing_mark(char32_t code) { return category(code) == UTF8PROC_CATEGORY_MN; }

bool is_word(char32_t code) {
  if (code < 0x80) return is_letter(code) || is_number(code) || code == '_';
  const auto kind = category(code);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_ND) ||
         kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_PC ||
         (code >= 0x24B6 && code <= 0x24E9) || code == 0x200C || code == 0x200D;
}

std::string lower_case(char32_t code) {
  std::string out;
  // The one character whose lower case is longer than one character.
  if (code == 0x130) return "i\xCC\x87";
  append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
  return out;
}

std::string lower_case(std::string_view text) {
  return map_characters(text, [](std::string& out, char32_t code) { out += lower_case(code); });
}

std::string upper_case(std::string_view text) {
  return map_characters(text, [](std::string& out, char32_t code) {
    if (code == 0xDF) {
      out += "SS";
    } else {
      append_utf8(out,
                  static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code))));
    }
  });
}

std::string normal_form(std::string_view text, NormalForm form) {
  int options = UTF8PROC_STABLE;
  const bool compose = form == NormalForm::nfc || form == NormalForm::nfkc;
  options |= compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::nfkc || form == NormalForm::nfkd) options |= UTF8PROC_COMPAT;
  std::string out;
  // Stretches between stray bytes are normalised one by one.
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size()) {
      const Character character = character_at(text, end);
      if (!character.valid) break;
      end += character.bytes;
    }
    utf8proc_uint8_t* mapped = nullptr;
    const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                     static_cast<utf8proc_ssize_t>(end - at), &mapped,
                                     static_cast<utf8proc_option_t>(options));
    if (length >= 0) {
      out.append(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
    } else {
      out.append(text.substr(at, end - at));
    }
    std::free(mapped);
    if (end < text.size()) out.push_back(text[end]);
    at = end + 1;
  }
  return out;
}

}  // namespace attune::text
