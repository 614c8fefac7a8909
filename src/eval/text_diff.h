// An answer beside its reference with the differences marked, as safe HTML.
#pragma once

#include <string>
#include <string_view>

#include "io/json.h"

namespace attune::eval {

// `answer` word by word: words that the reference lacks inside <ins>, words of the reference that
// the answer lacks inside <del>. Texts of more than about 2,000 words, and answers that share
// little with the reference, are shown without marks.
std::string diff_html(std::string_view reference, std::string_view answer);

// A text as the report shows it: JSON indented, with its keys in the reference's order (so that
// order is not marked as a difference), anything else as it is.
std::string readable(std::string_view text, std::string_view reference);

}  // namespace attune::eval
