#include "jobs/public_address.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include <arpa/inet.h>

namespace attune::jobs {

namespace {

struct Range4 {
  std::uint32_t first;
  int bits;  // of the prefix
};

constexpr std::uint32_t quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA's registry of special-purpose addresses.
constexpr std::array kNotPublic4 = {
    Range4{quad(0, 0, 0, 0), 8},      Range4{quad(10, 0, 0, 0), 8},
    Range4{quad(100, 64, 0, 0), 10},  Range4{quad(127, 0, 0, 0), 8},
    Range4{quad(169, 254, 0, 0), 16}, Range4{quad(172, 16, 0, 0), 12},
    Range4{quad(192, 0, 0, 0), 24},   Range4{quad(192, 0, 2, 0), 24},
    Range4{quad(192, 88, 99, 0), 24}, Range4{quad(192, 168, 0, 0), 16},
    Range4{quad(198, 18, 0, 0), 15},  Range4{quad(198, 51, 100, 0), 24},
    Range4{quad(203, 0, 113, 0), 24}, Range4{quad(224, 0, 0, 0), 4},
    Range4{quad(240, 0, 0, 0), 4}};

bool is_public4(std::uint32_t address) {
  return std::none_of(kNotPublic4.begin(), kNotPublic4.end(), [&](const Range4& range) {
    return (address ^ range.first) >> (32 - range.bits) == 0;
  });
}

using Bytes6 = std::array<unsigned char, 16>;

std::uint32_t embedded4(const Bytes6& bytes, std::size_t at) {
  return quad(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

bool starts_with(const Bytes6& bytes, std::initializer_list<int> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_public6(const Bytes6& bytes) {
  if (starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}))  // ::ffff:a.b.c.d
    return is_public4(embedded4(bytes, 12));
  if (starts_with(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}))  // NAT64
    return is_public4(embedded4(bytes, 12));
  if ((bytes[0] & 0xe0) != 0x20) return false;                            // outside 2000::/3
  if (starts_with(bytes, {0x20, 0x01}) && bytes[2] < 2) return false;     // 2001::/23, Teredo in it
  if (starts_with(bytes, {0x20, 0x01, 0x0d, 0xb8})) return false;         // documentation
  if (starts_with(bytes, {0x3f, 0xff}) && bytes[2] < 0x10) return false;  // documentation
  if (starts_with(bytes, {0x20, 0x02})) return is_public4(embedded4(bytes, 2));  // 6to4
  return true;
}

}  // namespace

bool is_public_address(std::string_view address) {
  const std::string text(address);
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return is_public4(ntohl(four.s_addr));
  Bytes6 six{};
  return ::inet_pton(AF_INET6, text.c_str(), six.data()) == 1 && is_public6(six);
}

}  // namespace attune::jobs
