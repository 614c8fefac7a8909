// The byte-level alphabet: a printable character for each of the 256 bytes, so that a vocabulary of
// strings can hold any bytes. Bytes 33-126, 161-172 and 174-255 stand for themselves, the other 68
// for U+0100 onwards, in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace attune::text {

// "Ġ" for a space, and so on.
std::string byte_level_characters(std::string_view bytes);

// The bytes that `characters` stand for; nullopt when one of them is not in the alphabet.
std::optional<std::string> byte_level_bytes(std::string_view characters);

}  // namespace attune::text
