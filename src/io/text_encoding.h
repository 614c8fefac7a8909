// UTF-8 at the edge: finding what is not UTF-8, guessing what it is instead, and naming places in a
// text.
//
//   ATTUNE_TRY_VOID(check_utf8(text, "tickets.csv"));   // else: tickets.csv:118:42: byte 0xE9 is
//   not valid UTF-8 ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace attune {

inline constexpr std::string_view kUtf8ByteOrderMark = "\xEF\xBB\xBF";

// The length of the well-formed UTF-8 sequence that `text` begins with (1 to 4), or 0 when it
// begins with none. Overlong forms, surrogates and code points above U+10FFFF are not well formed.
std::size_t utf8_sequence_length(std::string_view text);

// Whether a byte goes on with a sequence rather than beginning a character.
inline bool is_utf8_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u;
}

// The offset of the first byte that does not belong to well-formed UTF-8, or
// std::string_view::npos.
std::size_t find_invalid_utf8(std::string_view text);

// Appends the UTF-8 form of a code point that is not a surrogate.
void append_utf8(std::string& out, char32_t code_point);

// The character that a byte is in Windows-1252, as UTF-8; U+FFFD for the five unused bytes.
std::string windows_1252_as_utf8(char byte);

// Line and column from 1. LF, CRLF and a lone CR each end a line; a column is one character, not
// one byte.
struct TextPlace {
  std::int64_t line = 1;
  std::int64_t column = 1;
};
TextPlace place_of(std::string_view text, std::size_t offset, std::int64_t first_line = 1);

// "where:line" and "where:line:column".
std::string name_place(std::string_view where, std::int64_t line);
std::string name_place(std::string_view where, TextPlace place);

// Refuses text that is not UTF-8, with the place of its first wrong byte, the encoding that it
// looks like (Windows-1252, UTF-16) and the command that converts it.
Result<void> check_utf8(std::string_view text, std::string_view where, std::int64_t first_line = 1);

// Refuses what is plainly not text: a workbook or zip, gzip, Parquet, PDF, UTF-16 (also without its
// mark), with the way to turn it into text. `bytes` is the file or its beginning.
Result<void> check_is_text(std::string_view bytes, std::string_view where);

// A short quotable form of `text` for messages: at most `limit` bytes cut at a character, control
// characters escaped,
// "..." when cut.
std::string quote_for_message(std::string_view text, std::size_t limit = 60);

}  // namespace attune
