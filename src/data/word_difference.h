// Where two texts differ, word by word, for a terminal:
//
//   marked_difference("Reset my printer now", "Reset my scanner now")
//     -> "Reset my [-printer-]{+scanner+} now"
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

enum class Mark : std::uint8_t { equal, removed, added, left_out };
// Some words of one mark, one space between them.
struct DifferentWords {
  Mark mark = Mark::equal;
  std::string text;
};

// What marked_difference() writes, as its parts: for other ways to show it. Equal words that are
// not shown are one part without text, Mark::left_out. Texts that do not differ give no other part.
std::vector<DifferentWords> word_difference(std::string_view before, std::string_view after,
                                            std::size_t context = 6);

// Words of `before` that `after` lacks stand in [- -], words that it adds in {+ +}. White space is
// not compared and comes out as one space. Of what is equal, `context` words stand before and
// behind each difference and the rest is "...". Texts whose differing middles have more than 2,000
// words are only cut, not compared: "[-beginning ...-]{+beginning ...+}".
std::string marked_difference(std::string_view before, std::string_view after,
                              std::size_t context = 6);

}  // namespace attune::data
