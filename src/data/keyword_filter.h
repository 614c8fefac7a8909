// The first pass over a text that is searched for secrets: where a keyword may begin, and how many
// digits there are. One body (keyword_filter.cc) for each instruction set; all give the same.
//
// Keywords are put into eight groups. A table says for each of the first four bytes in which
// groups a keyword may have it; a keyword may begin where all four have a group in common. Tables
// are indexed by the two halves of a byte, so that they fit into vector registers: what passes is
// only more than there is, and each place is looked at again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace attune::data {

constexpr std::size_t kFilterBytes = 4;  // of a keyword that are looked at

struct KeywordTables {
  // [byte of the keyword][half of the byte's value]: the groups, a bit each.
  std::array<std::array<std::uint8_t, 16>, kFilterBytes> low{};
  std::array<std::array<std::uint8_t, 16>, kFilterBytes> high{};
};

// Of lower-case keywords, which are found in either case.
KeywordTables keyword_tables(const std::vector<std::string>& keywords);

constexpr std::size_t kFilterBlock = 64;  // bytes

// Of `blocks` blocks of kFilterBlock bytes: begins[i] gets a bit for each byte of block i at which
// a keyword may begin. Returns the number of digits. Three bytes behind the last block are read.
using KeywordFilter = std::int64_t (*)(const KeywordTables& tables, const char* text,
                                       std::size_t blocks, std::uint64_t* begins);
namespace portable {
std::int64_t filter_keywords(const KeywordTables& tables, const char* text, std::size_t blocks,
                             std::uint64_t* begins);
}
namespace avx2 {
std::int64_t filter_keywords(const KeywordTables& tables, const char* text, std::size_t blocks,
                             std::uint64_t* begins);
}
namespace avx512 {
std::int64_t filter_keywords(const KeywordTables& tables, const char* text, std::size_t blocks,
                             std::uint64_t* begins);
}

KeywordFilter pick_keyword_filter();  // the fastest on this CPU

}  // namespace attune::data
