#include "metrics/gleu.h"

#include <algorithm>

#include "metrics/ngrams.h"

namespace attune::metrics {

double gleu(std::string_view answer, std::string_view reference) {
  constexpr int kOrders = 4;
  Vocabulary vocabulary;
  const Symbols words = vocabulary.symbols(tokens_13a(answer));
  const Symbols wanted = vocabulary.symbols(tokens_13a(reference));
  NgramOverlap sum;
  for (const NgramOverlap& overlap : ngram_overlap(words, {&wanted, 1}, kOrders)) {
    sum.answer += overlap.answer;
    sum.reference += overlap.reference;
    sum.common += overlap.common;
  }
  const std::int64_t larger = std::max(sum.answer, sum.reference);
  return larger == 0 ? 0 : static_cast<double>(sum.common) / static_cast<double>(larger);
}

}  // namespace attune::metrics
