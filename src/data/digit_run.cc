#include "data/digit_run.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace attune::data {

namespace {

// Digits are 1, marks that may stand between them 2.
constexpr std::array<std::uint8_t, 256> kDigitsAndMarks = [] {
  std::array<std::uint8_t, 256> kinds{};
  for (const char c : std::string_view("0123456789")) kinds[static_cast<std::uint8_t>(c)] = 1;
  for (const char c : std::string_view(" .-()")) kinds[static_cast<std::uint8_t>(c)] = 2;
  return kinds;
}();

// The first digit at or behind `at`, or a place at most seven bytes before it.
std::size_t near_next_digit(std::string_view text, std::size_t at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t from_zero = word ^ (kOnes * '0');
    if (((from_zero - kOnes * 10) & ~from_zero & (kOnes * 0x80)) != 0) break;
  }
  return at;
}

}  // namespace

std::int64_t longest_digit_run(std::string_view text) {
  std::int64_t longest = 0;
  std::int64_t run = 0;
  int between = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (run == 0 && (at = near_next_digit(text, at)) == text.size()) break;
    const std::uint8_t kind = kDigitsAndMarks[static_cast<unsigned char>(text[at])];
    if (kind == 1) {
      longest = std::max(longest, ++run);
      between = 0;
    } else if (kind == 0 || ++between > 2) {
      run = 0;
    }
  }
  return longest;
}

}  // namespace attune::data
