// keyword_tables and the choice of the filter, which no instruction set changes.
#include <algorithm>
#include <string_view>

#include "base/cpu.h"
#include "data/keyword_filter.h"

namespace attune::data {

namespace {

// About how often a byte stands in texts, in thousandths; what is not named is rare.
constexpr std::array<double, 256> kShares = [] {
  std::array<double, 256> shares{};
  shares.fill(0.3);
  constexpr std::array<double, 26> kLetters = {65, 12, 22, 34, 101, 18, 16, 49, 56, 1,  6, 32, 19,
                                               56, 60, 15, 1,  48,  51, 73, 22, 8,  19, 1, 16, 1};
  for (std::size_t i = 0; i < 26; ++i) {
    shares['a' + i] = kLetters[i];
    shares['A' + i] = 2;
  }
  for (std::size_t i = 0; i < 10; ++i) shares['0' + i] = 2;
  shares[' '] = 170;
  shares['\n'] = 10;
  shares['.'] = shares[','] = 10;
  shares['-'] = 3;
  return shares;
}();

// One group: for each of its bytes the halves that occur.
struct Group {
  std::array<std::uint16_t, kFilterBytes> low{};
  std::array<std::uint16_t, kFilterBytes> high{};

  void add(std::size_t byte, unsigned char value) {
    low[byte] = static_cast<std::uint16_t>(low[byte] | 1u << (value & 0x0Fu));
    high[byte] = static_cast<std::uint16_t>(high[byte] | 1u << (value >> 4));
  }

  void add(std::string_view keyword) {
    for (std::size_t byte = 0; byte < kFilterBytes; ++byte) {
      if (byte >= keyword.size()) {  // whatever follows
        low[byte] = high[byte] = 0xFFFF;
        continue;
      }
      const auto value = static_cast<unsigned char>(keyword[byte]);
      add(byte, value);
      if (value >= 'a' && value <= 'z') add(byte, static_cast<unsigned char>(value - 32));
    }
  }

  // How often it passes something.
  double share() const {
    double all = 1;
    for (std::size_t byte = 0; byte < kFilterBytes; ++byte) {
      double passed = 0;
      for (std::size_t value = 0; value < 256; ++value) {
        if ((low[byte] >> (value & 0x0F) & 1) != 0 && (high[byte] >> (value >> 4) & 1) != 0)
          passed += kShares[value];
      }
      all *= passed / 1000;
    }
    return all;
  }
};

}  // namespace

KeywordTables keyword_tables(const std::vector<std::string>& keywords) {
  // The shortest first, which pass most and so need the company of their like.
  std::vector<std::string> sorted = keywords;
  std::sort(sorted.begin(), sorted.end(), [](const std::string& a, const std::string& b) {
    const std::size_t short_a = std::min(a.size(), kFilterBytes);
    const std::size_t short_b = std::min(b.size(), kFilterBytes);
    return short_a != short_b ? short_a < short_b : a < b;
  });
  std::array<Group, 8> groups;
  std::array<double, 8> shares{};
  for (const std::string& keyword : sorted) {
    // To the group that it makes pass least in addition.
    std::size_t best = 0;
    double least = 2;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      Group with = groups[i];
      with.add(keyword);
      const double added = with.share() - shares[i];
      if (added < least) {
        least = added;
        best = i;
      }
    }
    groups[best].add(keyword);
    shares[best] = groups[best].share();
  }
  KeywordTables tables;
  for (std::size_t byte = 0; byte < kFilterBytes; ++byte) {
    for (std::size_t half = 0; half < 16; ++half) {
      for (std::size_t group = 0; group < groups.size(); ++group) {
        const auto bit = [&](std::uint16_t halves) {
          return static_cast<std::uint8_t>((halves >> half & 1u) << group);
        };
        tables.low[byte][half] |= bit(groups[group].low[byte]);
        tables.high[byte][half] |= bit(groups[group].high[byte]);
      }
    }
  }
  return tables;
}

KeywordFilter pick_keyword_filter() {
  const Result<Isa> isa = pick_isa();
  if (isa && *isa >= Isa::avx512) return avx512::filter_keywords;
  return isa && *isa == Isa::avx2 ? avx2::filter_keywords : portable::filter_keywords;
}

}  // namespace attune::data
