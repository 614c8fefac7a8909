#include "io/text_encoding.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace attune {

namespace {

unsigned byte_at(std::string_view text, std::size_t offset) {
  return static_cast<unsigned char>(text[offset]);
}

bool is_continuation(unsigned byte) { return (byte & 0xC0u) == 0x80u; }

// Windows-1252 characters of bytes 0x80 to 0x9F; from 0xA0 on it equals Latin-1. 0 marks the five
// unused bytes.
constexpr std::array<char32_t, 32> kWindows1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

char32_t windows_1252_character(unsigned byte) {
  if (byte >= 0xA0) return byte;
  return byte >= 0x80 ? kWindows1252[byte - 0x80] : byte;
}

bool has_utf16_mark(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

// Without a mark: of the first characters, which are ASCII in any header, every other byte is NUL.
bool looks_like_utf16(std::string_view text) {
  if (has_utf16_mark(text)) return true;
  if (text.size() < 8) return false;
  for (const std::size_t nul_first : {std::size_t{0}, std::size_t{1}}) {
    bool alternates = true;
    for (std::size_t i = 0; i < 8; ++i)
      alternates = alternates && (text[i] == '\0') == (i % 2 == nul_first);
    if (alternates) return true;
  }
  return false;
}

Failure utf16_failure(std::string_view where) {
  return bad_input(
      {.where = name_place(where, TextPlace{}),
       .found = "the text is UTF-16",
       .wanted = "UTF-8 text",
       .fix = fmt::format("convert it: iconv -f UTF-16 -t UTF-8 {} > converted", where)});
}

struct BinaryKind {
  std::string_view magic;
  std::string_view name;
  std::string_view fix;
};
constexpr std::array<BinaryKind, 5> kBinaryKinds = {{
    {"PK\x03\x04", "an Excel workbook or another zip archive",
     "export it as CSV (UTF-8), or unpack it"},
    {"\xD0\xCF\x11\xE0", "an old Excel workbook", "export it as CSV (UTF-8)"},
    {"\x1F\x8B", "a gzip archive", "unpack it: gunzip FILE"},
    {"PAR1", "a Parquet file", "export it as CSV or JSONL"},
    {"%PDF-", "a PDF", "export the rows as CSV or JSONL"},
}};

}  // namespace

std::size_t utf8_sequence_length(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  const auto continues = [&](std::size_t length) {
    if (text.size() < length) return false;
    for (std::size_t i = 1; i < length; ++i) {
      if (!is_continuation(byte_at(text, i))) return false;
    }
    return true;
  };
  if (lead >= 0xC2 && lead <= 0xDF) return continues(2) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(3)) return 0;
    const unsigned second = byte_at(text, 1);
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(4)) return 0;
    const unsigned second = byte_at(text, 1);
    const bool overlong = lead == 0xF0 && second < 0x90;
    const bool beyond = lead == 0xF4 && second > 0x8F;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    // Eight ASCII bytes at once: most text is ASCII.
    while (at + 8 <= text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & 0x8080808080808080u) != 0) break;
      at += 8;
    }
    if (at >= text.size()) break;
    const std::size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0u | (c >> 6));
    put(0x80u | (c & 0x3Fu));
  } else if (c < 0x10000) {
    put(0xE0u | (c >> 12));
    put(0x80u | ((c >> 6) & 0x3Fu));
    put(0x80u | (c & 0x3Fu));
  } else {
    put(0xF0u | (c >> 18));
    put(0x80u | ((c >> 12) & 0x3Fu));
    put(0x80u | ((c >> 6) & 0x3Fu));
    put(0x80u | (c & 0x3Fu));
  }
}

std::string windows_1252_as_utf8(char byte) {
  const char32_t character = windows_1252_character(static_cast<unsigned char>(byte));
  std::string text;
  append_utf8(text, character == 0 && byte != '\0' ? U'\uFFFD' : character);
  return text;
}

TextPlace place_of(std::string_view text, std::size_t offset, std::int64_t first_line) {
  TextPlace place{.line = first_line, .column = 1};
  const std::size_t end = offset < text.size() ? offset : text.size();
  for (std::size_t i = 0; i < end; ++i) {
    const bool ends_line =
        text[i] == '\n' || (text[i] == '\r' && (i + 1 >= text.size() || text[i + 1] != '\n'));
    if (ends_line) {
      ++place.line;
      place.column = 1;
    } else if (!is_continuation(byte_at(text, i))) {
      ++place.column;
    }
  }
  return place;
}

std::string name_place(std::string_view where, std::int64_t line) {
  return fmt::format("{}:{}", where, line);
}

std::string name_place(std::string_view where, TextPlace place) {
  return fmt::format("{}:{}:{}", where, place.line, place.column);
}

Result<void> check_utf8(std::string_view text, std::string_view where, std::int64_t first_line) {
  const std::size_t offset = find_invalid_utf8(text);
  if (offset == std::string_view::npos) return {};
  if (offset == 0 && has_utf16_mark(text)) return utf16_failure(where);
  const unsigned byte = byte_at(text, offset);
  std::string found = fmt::format("byte 0x{:02X} is not valid UTF-8", byte);
  std::string fix = "save the file as UTF-8";
  if (const char32_t character = windows_1252_character(byte); character != 0) {
    std::string shown;
    append_utf8(shown, character);
    // U+0080 to U+009F never remain here; U+00A0 and U+00AD are invisible.
    if (character == 0xA0) shown = "no-break space";
    if (character == 0xAD) shown = "soft hyphen";
    found += fmt::format(" (in Windows-1252 it is '{}')", shown);
    fix = fmt::format(
        "save the file as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8 {} > converted",
        where);
  }
  return bad_input({.where = name_place(where, place_of(text, offset, first_line)),
                    .found = std::move(found),
                    .wanted = "UTF-8 text",
                    .fix = std::move(fix)});
}

Result<void> check_is_text(std::string_view bytes, std::string_view where) {
  for (const BinaryKind& kind : kBinaryKinds) {
    if (!bytes.starts_with(kind.magic)) continue;
    return bad_input({.where = std::string(where),
                      .found = std::string(kind.name),
                      .wanted = "a text file",
                      .fix = std::string(kind.fix)});
  }
  if (looks_like_utf16(bytes)) return utf16_failure(where);
  return {};
}

std::string quote_for_message(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size() && out.size() < limit) {
    const std::size_t length = utf8_sequence_length(text.substr(at));
    const unsigned byte = byte_at(text, at);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      out += byte == '\n'   ? "\\n"
             : byte == '\t' ? "\\t"
             : byte == '\r' ? "\\r"
                            : fmt::format("\\x{:02X}", byte);
      at += 1;
    } else {
      out.append(text.substr(at, length));
      at += length;
    }
  }
  if (at < text.size()) out += "...";
  return out;
}

}  // namespace attune
