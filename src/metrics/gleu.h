// GLEU, the sentence score of Wu et al. 2016 ("Google's Neural Machine Translation System", section
// 5.1): over all n-grams of 1 to 4 tokens, the smaller of precision and recall. Tokens are 13a's.
#pragma once

#include <string_view>

namespace attune::metrics {

// In [0, 1]; 0 where both texts have no token.
double gleu(std::string_view answer, std::string_view reference);

}  // namespace attune::metrics
