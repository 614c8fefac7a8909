// Labels that the other rows speak against: likely mistakes of those who labelled.
//
//   const std::vector<LabelSuspect> suspects = find_label_suspects(questions, fields, {}, pool);
//
// For every field each row's label is predicted from all other rows by ridge regression on the
// similarity of word vectors (word_vectors.h): with M = K + ridge I and indicator targets y,
// centred, the prediction of row i without row i is y_i - (M^-1 y)_i / (M^-1)_ii, exact
// leave-one-out without refitting (the PRESS identity, Allen 1974). A row is a suspect when another
// label leads its own by half of what rows with that label score for it on average: as in confident
// learning (Northcutt et al. 2021), labels that are hard to tell apart are measured by what they
// usually reach. A field that can hardly be predicted (agreement less than a quarter of the way
// from the commonest label's share to 1) has no suspects. More than `block` rows are divided at
// random into blocks that are judged apart, because the cost grows with the cube of the rows.
//
// Deterministic, whatever the number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "data/label_fields.h"

namespace attune::data {

struct SuspectOptions {
  double ridge = 0.1;  // of 0.05 to 0.3 no other does better by bench/suspects.py
  std::int64_t block = 2000;
  std::uint64_t seed = 0;
};

struct LabelSuspect {
  std::int64_t row = 0;
  std::size_t field = 0;  // index into the fields
  std::int32_t given = 0, suggested = 0;
  double given_score = 0, suggested_score = 0;  // about 0 to 1
  std::int64_t neighbour = -1;                  // the most similar row with the suggested label
  double similarity = 0;                        // to it, 0 to 1

  double margin() const { return suggested_score - given_score; }
};

// How well a field can be predicted at all.
struct FieldFit {
  double agreement = 0;  // share of rows whose label is the prediction
  double commonest = 0;  // share of the commonest label

  bool predictable() const { return agreement > commonest + (1 - commonest) / 4; }
};

struct LabelReport {
  std::vector<LabelSuspect> suspects;  // largest margin first
  std::vector<FieldFit> fits;          // one a field
};

// `texts` are what the labels are predicted from, one a row of the fields.
LabelReport find_label_suspects(std::span<const std::string> texts,
                                std::span<const LabelField> fields, const SuspectOptions& options,
                                ThreadPool& pool);

}  // namespace attune::data
