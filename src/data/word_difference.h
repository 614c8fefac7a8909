// Where two texts differ, word by word, for a terminal:
//
//   marked_difference("Reset my printer now", "Reset my scanner now")
//     -> "Reset my [-printer-]{+scanner+} now"
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace attune::data {

// Words of `before` that `after` lacks stand in [- -], words that it adds in {+ +}. White space is
// not compared and comes out as one space. Of what is equal, `context` words stand before and
// behind each difference and the rest is "...". Texts whose differing middles have more than 2,000
// words are only cut, not compared: "[-beginning ...-]{+beginning ...+}".
std::string marked_difference(std::string_view before, std::string_view after,
                              std::size_t context = 6);

}  // namespace attune::data
