// Which language a text is in, told by its script, by letters that few languages have, and by the
// most frequent small words. Made for texts of a sentence or more; it answers nothing where it
// cannot tell.
//
//   detect_language("Der Hund ist im Garten und schläft.") == "de"
//
// Latin script: de en es fi fr it nl pl pt sv sw tr vi; Cyrillic: bg ru uk; Arabic: ar fa ur;
// Devanagari: hi mr ne; and bn el gu he ja kn ko ml pa ta te th zh by script alone. Other languages
// of a shared script are not told apart from these.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace attune::metrics {

// The ISO 639-1 code.
std::optional<std::string> detect_language(std::string_view text);

}  // namespace attune::metrics
