// What a value must be beyond its form: entropy, checksums, structure; and how much of it may be
// shown.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "data/pii.h"
#include "io/json_tree.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '-' || c == '+' ? 62
                      : c == '_' || c == '/' ? 63
                                             : -1;
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>((bits >> count) & 0xFFu));
    }
  }
  return out;
}

bool is_json_object(std::string_view part) {
  const std::optional<std::string> text = decode_base64url(part);
  JsonTree tree;
  return text && find_invalid_utf8(*text) == std::string_view::npos && !tree.parse(*text) &&
         tree.root().is_object();
}

}  // namespace

std::string shown_in_part(std::string_view value) {
  const std::size_t first = value.size() >= 16 ? 4 : value.size() >= 8 ? 2 : 0;
  const std::size_t last = value.size() >= 8 ? 2 : 0;
  // Only of plain characters: a cut inside a character would not be text.
  const auto plain = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  };
  const std::string_view head = value.substr(0, first);
  const std::string_view tail = value.substr(value.size() - last);
  return fmt::format("{}...{} ({} characters)", plain(head) ? head : "", plain(tail) ? tail : "",
                     value.size());
}

double shannon_entropy(std::string_view value) {
  if (value.empty()) return 0;
  std::array<int, 256> counts{};
  for (const char c : value) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(value.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

// Luhn's check digit (ISO/IEC 7812-1): from the right, every second digit doubled, the sum of all
// digits is a multiple of 10.
bool passes_luhn(std::string_view text) {
  int sum = 0;
  int digits = 0;
  bool all_same = true;
  char previous = 0;
  for (auto c = text.rbegin(); c != text.rend(); ++c) {
    if (std::isdigit(static_cast<unsigned char>(*c)) == 0) continue;
    const int digit = *c - '0';
    sum += digits % 2 == 0 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    ++digits;
    all_same = all_same && (previous == 0 || previous == *c);
    previous = *c;
  }
  return digits >= 12 && sum % 10 == 0 && !all_same;
}

// ISO 13616: the first four characters moved to the end, letters as 10 to 35, the number modulo 97
// is 1. Lengths are 15 to 34.
bool passes_iban(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != ' ') plain.push_back(c);
  }
  if (plain.size() < 15 || plain.size() > 34) return false;
  std::rotate(plain.begin(), plain.begin() + 4, plain.end());
  int rest = 0;
  for (const char c : plain) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      rest = (rest * 10 + (c - '0')) % 97;
    } else if (c >= 'A' && c <= 'Z') {
      rest = (rest * 100 + (c - 'A' + 10)) % 97;
    } else {
      return false;
    }
  }
  return rest == 1;
}

// RFC 7519: header and payload are JSON objects in base64url.
bool is_json_web_token(std::string_view text) {
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return false;
  return is_json_object(text.substr(0, first)) &&
         is_json_object(text.substr(first + 1, second - first - 1));
}

// Not of the private, loopback, link-local, documentation, multicast and reserved ranges of RFC
// 6890.
bool is_public_ipv4(std::string_view text) {
  std::array<int, 4> part{};
  std::size_t index = 0;
  for (const char c : text) {
    if (c == '.') {
      if (++index > 3) return false;
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      part[index] = part[index] * 10 + (c - '0');
      if (part[index] > 255) return false;
    } else {
      return false;
    }
  }
  if (index != 3) return false;
  const auto [a, b, c, d] = part;
  const bool reserved =
      a == 0 || a == 10 || a == 127 || a >= 224 || (a == 100 && b >= 64 && b < 128) ||
      (a == 169 && b == 254) || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) ||
      (a == 192 && b == 0 && (c == 0 || c == 2)) || (a == 198 && (b == 18 || b == 19)) ||
      (a == 198 && b == 51 && c == 100) || (a == 203 && b == 0 && c == 113);
  // Version numbers such as 1.2.3.4 are no addresses.
  const bool version = a < 10 && b < 10 && c < 10 && d < 10;
  return !reserved && !version;
}

}  // namespace attune::data
