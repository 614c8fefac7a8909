// The stem of an English word: Porter, "An algorithm for suffix stripping", Program 14 (1980), with
// the later rules that NLTK's PorterStemmer adds by default (irregular forms such as "dying" ->
// die, "ies" and "ied" of four-letter words, y -> i only behind a consonant, "alli" before "bli",
// "fulli", "logi"). Those are the stems that rouge-score and NLTK's METEOR compare.
//
//   porter_stem("relational") == "relat"
#pragma once

#include <string>
#include <string_view>

namespace attune::metrics {

// `word` in lower case. Letters outside ASCII count as consonants.
std::string porter_stem(std::string_view word);

}  // namespace attune::metrics
