// Choosing the rows that are worth training on, and holding the choice against simple ones.
//
//   ifd        Instruction-Following Difficulty, highest first: the mean loss of the answer's
//              tokens after the question over that without it (Li et al. 2023, arXiv 2308.12032;
//              losses are divided, not perplexities). At 1 or more the question does not help: such
//              rows come last.
//   perplexity the rows whose answers' log-perplexity is nearest to the median: neither boilerplate
//              nor noise (Marion et al. 2023, arXiv 2309.04564)
//   diversity  facility location over the questions' vectors (facility_location.h)
//   combined   facility location plus the rank of the IFD, equally weighted, among rows whose
//              question helps
//   random, longest (answer tokens), clusters (a random row of each cluster in turn): the simple
//              ones, which clever choices often fail to beat
//
// Deterministic: same seed, same order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/facility_location.h"

namespace attune::data {

enum class SelectMethod { ifd, perplexity, diversity, combined, random, longest, clusters };
std::string_view select_method_name(SelectMethod method);
std::optional<SelectMethod> select_method_from_name(std::string_view name);

// What is known of a row that may be chosen.
struct CandidateRow {
  std::int64_t row = 0;  // index into the examples
  std::int64_t tokens = 0, trained_tokens = 0, answer_tokens = 0;
  // Mean loss of the last answer's tokens in nats, after the question and without it; none where
  // the model could not read the row.
  std::optional<double> loss, loss_alone;
  std::int32_t cluster = 0;

  std::optional<double> ifd() const;
};

struct Ranking {
  std::vector<std::int64_t> order;   // indices into the candidates, best first; all of them
  std::vector<double> scores;        // of each candidate; NaN: none
  std::vector<std::string> reasons;  // of each candidate: why it comes last; empty: it does not
};

// `similarities` are those of the candidates' vectors. diversity and combined put the `keep` chosen
// first, the rest after them as they stand.
Ranking rank_candidates(std::span<const CandidateRow> candidates, SelectMethod method,
                        std::int64_t keep, const Similarities& similarities, std::uint64_t seed);

// The first rows of an order that together train at most `budget` tokens.
std::vector<std::int64_t> within_budget(std::span<const CandidateRow> candidates,
                                        std::span<const std::int64_t> order, std::int64_t budget);

// What a selection has to show, beside others.
struct SelectionSummary {
  std::string name;
  std::vector<std::int64_t> chosen;  // indices into the candidates
  std::int64_t trained_tokens = 0, tokens = 0;
  double mean_answer_tokens = 0;
  std::optional<double> mean_ifd;
  double facility_value = 0;
  std::optional<std::int64_t> enum_values;  // of the contract, that occur in the answers
};
SelectionSummary summarise(std::string name, std::span<const CandidateRow> candidates,
                           std::vector<std::int64_t> chosen, const Similarities& similarities);

}  // namespace attune::data
