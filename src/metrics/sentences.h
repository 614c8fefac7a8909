// Text cut into sentences by rules: at . ! ? (with the quotes and brackets that close there) before
// white space or the end; not behind titles, initials and list numbers; behind abbreviations and
// "..." only before a capital letter; and, if wanted, at empty lines. English rules; scripts
// without such marks are one sentence.
#pragma once

#include <string_view>
#include <vector>

namespace attune::metrics {

// Views of `text` without the white space around them; none is empty.
std::vector<std::string_view> sentences_of(std::string_view text, bool at_empty_lines = true);

}  // namespace attune::metrics
