// Unicode facts that tokenisation needs, over UTF-8 text. Nothing here assumes that the text is
// valid: a byte that is no part of a character is a character of its own with valid == false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace attune::text {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;  // length in the text, at least 1
  bool valid = false;     // false: text[at] is a stray byte and `code` is that byte
};

// The character that starts at text[at]; `at` must be inside the text.
Character character_at(std::string_view text, std::size_t at);

void append_utf8(std::string& text, char32_t code);
bool is_valid_utf8(std::string_view text);

// The number of bytes at the end of `text` that begin a character whose rest may still come (0 to
// 3).
std::size_t unfinished_tail(std::string_view text);

// Valid UTF-8: each maximal invalid part becomes one U+FFFD, as the Unicode standard recommends.
std::string with_replacements(std::string_view text);

bool is_letter(char32_t code);       // general category L
bool is_upper_case(char32_t code);   // general category Lu
bool is_number(char32_t code);       // general category N
bool is_white_space(char32_t code);  // property White_Space
bool is_punctuation(char32_t code);  // general category P, and ASCII symbols
bool is_word(char32_t code);         // \w: letters, marks, numbers, connectors
bool is_nonspacing_mark(char32_t code);

std::string lower_case(char32_t code);  // may be more than one character
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

enum class NormalForm { nfc, nfd, nfkc, nfkd };

// Stray bytes stay as they are.
std::string normal_form(std::string_view text, NormalForm form);

}  // namespace attune::text
