// Text cut into sentences by rules: at . ! ? (with the quotes and brackets that close there) before
// white space or the end; not behind titles, initials and list numbers; behind abbreviations and
// "..." only before a capital letter; and at empty lines. English rules; scripts without such marks
// are one sentence.
#pragma once

#include <string_view>
#include <vector>

namespace attune::metrics {

// punkt: nearer to what NLTK's Punkt does, for IFEval: not at empty lines, and before a mark like *
// or ( that follows without white space ("**Yes.**" is two).
enum class SentenceBorders { text, punkt };

// Views of `text` without the white space around them; none is empty.
std::vector<std::string_view> sentences_of(std::string_view text,
                                           SentenceBorders borders = SentenceBorders::text);

}  // namespace attune::metrics
