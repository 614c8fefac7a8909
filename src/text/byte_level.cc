#include "text/byte_level.h"

#include <array>

#include "text/unicode.h"

namespace attune::text {

namespace {

constexpr bool stands_for_itself(char32_t byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) ||
         (byte >= 174 && byte <= 255);
}

constexpr std::array<char32_t, 256> kCharacterOfByte = [] {
  std::array<char32_t, 256> table{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) table[byte] = stands_for_itself(byte) ? byte : next++;
  return table;
}();

// -1: not in the alphabet, whose characters all lie below U+0144.
constexpr std::array<std::int16_t, 0x144> kByteOfCharacter = [] {
  std::array<std::int16_t, 0x144> table{};
  table.fill(-1);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    table[kCharacterOfByte[byte]] = static_cast<std::int16_t>(byte);
  }
  return table;
}();

}  // namespace

std::string byte_level_characters(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes)
    append_utf8(out, kCharacterOfByte[static_cast<unsigned char>(byte)]);
  return out;
}

std::optional<std::string> byte_level_bytes(std::string_view characters) {
  std::string out;
  out.reserve(characters.size());
  for (std::size_t at = 0; at < characters.size();) {
    const Character character = character_at(characters, at);
    if (!character.valid || character.code >= kByteOfCharacter.size()) return std::nullopt;
    const std::int16_t byte = kByteOfCharacter[character.code];
    if (byte < 0) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    at += character.bytes;
  }
  return out;
}

}  // namespace attune::text
