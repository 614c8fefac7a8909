// Short free answers: exact match after normalisation, and the overlap of tokens.
//
//   exact_match("The 1,000 dogs.", {&reference, 1})        SQuAD's rules (Rajpurkar et al. 2016)
//   token_overlap(answer, reference)->f1
//   token_overlap(answer, knowledge)->precision             K-precision (Adlakha et al. 2024)
//
// Normalisation: lower case, ASCII punctuation removed, the articles a, an and the removed, white
// space collapsed; numbers lose group commas and trailing decimal zeros first ("1,000.50" is
// 1000.5) and keep their minus; those inside a word ("v1.10") stay as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace attune::metrics {

struct AnswerNormalisation {
  bool lower_case = true;
  bool punctuation = true;
  bool articles = true;
  bool numbers = true;  // off: SQuAD's own script
};

std::string normalised_answer(std::string_view text, const AnswerNormalisation& options = {});

// Equal to some reference after normalisation.
bool exact_match(std::string_view answer, std::span<const std::string_view> references,
                 const AnswerNormalisation& options = {});

struct TokenOverlap {
  double precision = 0;  // of the answer's tokens, the share found in the other text
  double recall = 0;     // of the other text's tokens, the share found in the answer
  double f1 = 0;
};

// Over multisets of normalised tokens: sum of min of counts. Nothing when the answer has no token;
// without tokens in the other text all three are 0.
std::optional<TokenOverlap> token_overlap(std::string_view answer, std::string_view other,
                                          const AnswerNormalisation& options = {});

// F1 as SQuAD scores it: 1 when neither text has a token, 0 when one has none.
double token_f1(std::string_view answer, std::string_view reference,
                const AnswerNormalisation& options = {});

}  // namespace attune::metrics
