#include "metrics/rouge.h"

#include <algorithm>

#include <fmt/format.h>

#include "metrics/ngrams.h"

namespace attune::metrics {

namespace {

RougeScore score_of(std::int64_t common, std::int64_t answer, std::int64_t reference) {
  RougeScore score;
  score.precision =
      static_cast<double>(common) / static_cast<double>(std::max<std::int64_t>(1, answer));
  score.recall =
      static_cast<double>(common) / static_cast<double>(std::max<std::int64_t>(1, reference));
  const double sum = score.precision + score.recall;
  score.f = sum > 0 ? 2 * score.precision * score.recall / sum : 0;
  return score;
}

}  // namespace

RougeScore rouge_n(std::string_view answer, std::string_view reference, int n,
                   const RougeOptions& options) {
  Vocabulary vocabulary;
  const Symbols words = vocabulary.symbols(rouge_tokens(answer, options.stem));
  const Symbols wanted = vocabulary.symbols(rouge_tokens(reference, options.stem));
  const NgramOverlap overlap = ngram_overlap(words, {&wanted, 1}, n).back();
  return score_of(overlap.common, overlap.answer, overlap.reference);
}

RougeScore rouge_l(std::string_view answer, std::string_view reference,
                   const RougeOptions& options) {
  Vocabulary vocabulary;
  const Symbols words = vocabulary.symbols(rouge_tokens(answer, options.stem));
  const Symbols wanted = vocabulary.symbols(rouge_tokens(reference, options.stem));
  return score_of(longest_common_subsequence(words, wanted),
                  static_cast<std::int64_t>(words.size()),
                  static_cast<std::int64_t>(wanted.size()));
}

std::string rouge_signature(std::string_view name, const RougeOptions& options) {
  return fmt::format(
      "{}|stem:{}|tok:a-z0-9|case:lower|score:f1|refs:best|corpus:mean|version:attune-1", name,
      options.stem ? "porter" : "no");
}

}  // namespace attune::metrics
