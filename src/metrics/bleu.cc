#include "metrics/bleu.h"

#include <cmath>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "metrics/ngrams.h"

namespace attune::metrics {

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  answer_length += other.answer_length;
  reference_length += other.reference_length;
  for (std::size_t n = 0; n < matches.size(); ++n) {
    matches[n] += other.matches[n];
    ngrams[n] += other.ngrams[n];
  }
  return *this;
}

BleuCounts bleu_counts(std::string_view answer, std::span<const std::string_view> references) {
  Vocabulary vocabulary;
  const Symbols words = vocabulary.symbols(tokens_13a(answer));
  std::vector<Symbols> wanted;
  for (std::string_view reference : references) {
    wanted.push_back(vocabulary.symbols(tokens_13a(reference)));
  }
  BleuCounts counts;
  counts.answer_length = static_cast<std::int64_t>(words.size());
  std::int64_t closest = -1;  // distance of the reference length; ties go to the shorter reference
  for (const Symbols& reference : wanted) {
    const auto length = static_cast<std::int64_t>(reference.size());
    const std::int64_t distance = std::abs(length - counts.answer_length);
    if (closest < 0 || distance < closest ||
        (distance == closest && length < counts.reference_length)) {
      closest = distance;
      counts.reference_length = length;
    }
  }
  const std::vector<NgramOverlap> overlaps = ngram_overlap(words, wanted, kBleuOrders);
  for (std::size_t n = 0; n < overlaps.size(); ++n) {
    counts.matches[n] = overlaps[n].common;
    counts.ngrams[n] = overlaps[n].answer;
  }
  return counts;
}

double bleu(const BleuCounts& counts, bool effective_order) {
  double log_sum = 0;
  int orders = 0;
  double smoothing = 1;
  bool any = false;
  for (std::size_t n = 0; n < counts.matches.size() && counts.ngrams[n] > 0; ++n) {
    const auto ngrams = static_cast<double>(counts.ngrams[n]);
    any = any || counts.matches[n] > 0;
    if (counts.matches[n] == 0) smoothing *= 2;
    const double precision = counts.matches[n] > 0 ? static_cast<double>(counts.matches[n]) / ngrams
                                                   : 1 / (smoothing * ngrams);
    log_sum += std::log(precision);
    ++orders;
  }
  // An order without n-grams has precision 0, which alone makes corpus BLEU 0.
  if (!any || (orders < kBleuOrders && !effective_order)) return 0;
  const double penalty = counts.answer_length < counts.reference_length
                             ? std::exp(1 - static_cast<double>(counts.reference_length) /
                                                static_cast<double>(counts.answer_length))
                             : 1;
  return penalty * std::exp(log_sum / orders);
}

double sentence_bleu(std::string_view answer, std::span<const std::string_view> references) {
  return bleu(bleu_counts(answer, references), true);
}

std::string bleu_signature(std::size_t references, bool effective_order) {
  return fmt::format("nrefs:{}|case:mixed|eff:{}|tok:13a|smooth:exp|version:attune-1", references,
                     effective_order ? "yes" : "no");
}

}  // namespace attune::metrics
