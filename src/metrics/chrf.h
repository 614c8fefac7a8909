// chrF and chrF++ (Popović 2015, 2017), as sacreBLEU computes them: F-score over n-grams of
// characters (n = 1 ... 6, white space left out), for chrF++ also of words (n = 1, 2).
//
//   chrF = (1 + b^2) P R / (b^2 P + R),  b = 2
//
// P and R are means of precision and recall over the orders that both texts have.
//
//   ChrfCounts counts;
//   for (...) counts += chrf_counts(answer, references, options);
//   chrf(counts)        corpus chrF, in [0, 1]; of one answer's counts: its sentence chrF
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/ngrams.h"

namespace attune::metrics {

inline constexpr int kChrfCharacterOrders = 6;

struct ChrfOptions {
  int word_orders = 0;  // 2 makes it chrF++
};

// What chrF is made of: one entry an order, characters first; counts of several answers add up.
struct ChrfCounts {
  std::vector<NgramOverlap> orders;
  ChrfCounts& operator+=(const ChrfCounts& other);
};

// Against the reference with the best score. `references` holds at least one.
ChrfCounts chrf_counts(std::string_view answer, std::span<const std::string_view> references,
                       const ChrfOptions& options = {});
double chrf(const ChrfCounts& counts);

double sentence_chrf(std::string_view answer, std::string_view reference,
                     const ChrfOptions& options = {});

std::string chrf_signature(std::size_t references, const ChrfOptions& options = {});

}  // namespace attune::metrics
