// ROUGE-N and ROUGE-L (Lin 2004), as rouge-score computes them: precision, recall and their
// harmonic mean over n-grams, or over the longest common subsequence of tokens.
//
//   rouge_n(answer, reference, 1, {.stem = true}).f
//   rouge_l(answer, reference).f
//
// Over several references take the largest f; over several answers their mean (rouge-score has no
// corpus form).
#pragma once

#include <string>
#include <string_view>

namespace attune::metrics {

struct RougeScore {
  double precision = 0;
  double recall = 0;
  double f = 0;
};

struct RougeOptions {
  bool stem = false;  // Porter's stems of words of more than three letters
};

RougeScore rouge_n(std::string_view answer, std::string_view reference, int n,
                   const RougeOptions& options = {});
RougeScore rouge_l(std::string_view answer, std::string_view reference,
                   const RougeOptions& options = {});

// "rouge1|stem:yes|..."; `name` is the measure's: rouge1, rougeL.
std::string rouge_signature(std::string_view name, const RougeOptions& options = {});

}  // namespace attune::metrics
