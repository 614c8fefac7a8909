// METEOR (Lavie and Agarwal 2007, the form and parameters of NLTK's meteor_score): words are
// aligned one to one, first equal ones, then those with equal Porter stems.
//
//   F = P R / (0.9 P + 0.1 R),  METEOR = F (1 - 0.5 (chunks / matches)^3)
//
// A chunk is a run of matches adjacent in both texts. Tokens are 13a's in lower case. Left out: the
// third stage, synonyms of WordNet, and paraphrase tables, so scores are never above NLTK's with
// WordNet by more than a change of chunks makes.
#pragma once

#include <string_view>

namespace attune::metrics {

double meteor(std::string_view answer, std::string_view reference);  // in [0, 1]

}  // namespace attune::metrics
