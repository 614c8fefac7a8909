// BLEU (Papineni et al. 2002), as sacreBLEU computes it: n-grams up to 4, tokeniser 13a,
// exponential smoothing.
//
//   BLEU = BP exp( (1/N) sum_n ln p_n ),  BP = min(1, exp(1 - reference length / answer length))
//
// p_n is the share of the answers' n-grams that occur in a reference (counts clipped at the largest
// in one reference); a p_n of no match becomes 1 / (2^k answers' n-grams) at the k-th such order
// (NIST smoothing); the reference length is that of the reference closest to the answer.
//
//   BleuCounts counts;
//   for (...) counts += bleu_counts(answer, references);
//   bleu(counts)                                 corpus BLEU, in [0, 1]
//   sentence_bleu(answer, {&reference, 1})       one answer
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace attune::metrics {

inline constexpr int kBleuOrders = 4;

// What BLEU is made of; counts of several answers add up.
struct BleuCounts {
  std::int64_t answer_length = 0;
  std::int64_t reference_length = 0;
  std::array<std::int64_t, kBleuOrders> matches{};
  std::array<std::int64_t, kBleuOrders> ngrams{};

  BleuCounts& operator+=(const BleuCounts& other);
};

// `references` holds at least one.
BleuCounts bleu_counts(std::string_view answer, std::span<const std::string_view> references);

// Corpus BLEU. With `effective_order` N is the longest n-gram that the answers have, which single
// short answers need.
double bleu(const BleuCounts& counts, bool effective_order = false);

double sentence_bleu(std::string_view answer, std::span<const std::string_view> references);

// How the number was made, in sacreBLEU's spelling. `references` is the number for each answer.
std::string bleu_signature(std::size_t references, bool effective_order = false);

}  // namespace attune::metrics
