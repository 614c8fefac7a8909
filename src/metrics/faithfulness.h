// Whether an answer keeps to the context it was given, checked without a judge.
//
//   const AnswerFaithfulness verdict = check_faithfulness(answer, context, question, options);
//   totals.add(verdict);
//
// A claim is a sentence. It is unsupported when one of its hard atoms (hard_atoms.h) is in neither
// the context nor the question, when a sentence of the context says nearly the same but one of the
// two is negated, or when less than `least_precision` of its content words are there at all. The
// threshold was fitted on abstracts (docs/metrics.md). A claim with nothing to look up is
// unchecked, not supported. Single made-up words that are no names, wrong relations between right
// names, and negations of what the context words otherwise are not seen.
//
//   H_c = unsupported / checked claims            H_r = answers with an unsupported claim / answers
//                                                       with a checked claim
//   K-precision = answer tokens found in the knowledge / answer tokens     (Adlakha et al. 2024)
//
// An abstention makes no claim and is counted apart. What is undefined is absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/hard_atoms.h"

namespace attune::metrics {

struct FaithfulnessOptions {
  double least_precision = 0.15;          // K-precision of the claim; 0 leaves that rule out
  std::int64_t fewest_content_words = 5;  // that a claim needs for it
  // An answer is an abstention when it is empty, or short and has one of these, in lower case.
  std::vector<std::string> abstentions = {
      "i don't know",     "i do not know",      "i am not sure",      "i'm not sure",
      "cannot answer",    "can't answer",       "cannot be answered", "not enough information",
      "no information",   "not in the context", "not mentioned",      "not provided",
      "does not say",     "doesn't say",        "does not contain",   "does not mention",
      "unable to answer", "is not stated",      "unknown from"};
  std::size_t longest_abstention = 40;  // words; a longer answer says something
};

struct ClaimVerdict {
  std::string text;
  bool checked = false;
  bool supported = true;
  std::vector<HardAtom> missing;    // atoms that are nowhere in the knowledge
  std::optional<double> precision;  // of the content words
  std::string contradicted;         // the sentence of the context that says the opposite
};

struct AnswerFaithfulness {
  bool abstained = false;
  std::vector<ClaimVerdict> claims;
  std::int64_t checked = 0;
  std::int64_t unsupported = 0;
  std::optional<double> unsupported_share;  // H_c of this answer
  std::optional<double> k_precision;
};

bool is_abstention(std::string_view answer, const FaithfulnessOptions& options = {});

AnswerFaithfulness check_faithfulness(std::string_view answer, std::string_view context,
                                      std::string_view question,
                                      const FaithfulnessOptions& options = {});

// Over many answers. `answerable` says whether the context holds the answer.
struct FaithfulnessTotals {
  std::int64_t answers = 0;
  std::int64_t abstained = 0;
  std::int64_t with_checked_claim = 0;
  std::int64_t with_unsupported_claim = 0;
  std::int64_t checked_claims = 0;
  std::int64_t unsupported_claims = 0;
  std::int64_t right_refusals = 0;     // abstained, not answerable
  std::int64_t wrong_refusals = 0;     // abstained, answerable
  std::int64_t unfounded_answers = 0;  // answered, not answerable
  double k_precision_sum = 0;
  std::int64_t k_precision_answers = 0;

  void add(const AnswerFaithfulness& verdict, std::optional<bool> answerable = std::nullopt);
  std::optional<double> claim_rate() const;     // H_c
  std::optional<double> response_rate() const;  // H_r
  std::optional<double> k_precision() const;
  std::optional<double> answer_rate() const;
};

}  // namespace attune::metrics
