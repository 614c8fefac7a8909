// Text as it should be trained on: the small repairs that every content gets, each one named.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/normalisers.h"

namespace attune::data {

struct CleanText {
  std::string text;
  std::vector<std::string> changes;   // names of the rules applied (normalisers.h)
  std::vector<std::string> warnings;  // rules that found something and left it:
                                      // "invisible_characters", "control_characters"
};

// Applies the rules of `set` that are about texts. The usual ones: removes byte order marks and
// NUL, turns CRLF and CR into LF, composes Unicode (NFC), strips trailing white space, leading
// empty lines and a single leading space (the legacy " completion" convention). Idempotent.
CleanText clean_text(std::string_view text, const NormaliserSet& set = {});

// The text by which two contents count as the same: compatibility-composed, case folded, white
// space collapsed.
std::string comparison_key(std::string_view text);

bool is_blank(std::string_view text);

}  // namespace attune::data
