// The words of a text, for counting and comparing: lower case, maximal runs of Unicode letters,
// marks, digits and connectors.
//
//   words_of("Größe: 3,5")     größe 3 5
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::text {

std::vector<std::string> words_of(std::string_view text);

}  // namespace attune::text
