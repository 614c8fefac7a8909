// Text cut into sentences by rules: at . ! ? (with closing quotes and brackets) before white space
// and something that may begin a sentence, not behind known abbreviations, initials or list
// numbers; and at empty lines.
#pragma once

#include <string_view>
#include <vector>

namespace attune::metrics {

// Views of `text` without the white space around them; none is empty.
std::vector<std::string_view> sentences_of(std::string_view text);

}  // namespace attune::metrics
