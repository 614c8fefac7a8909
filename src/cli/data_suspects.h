// What `attune data suspects` found, for its report.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "cli/curation.h"
#include "data/label_suspects.h"
#include "data/near_duplicates.h"

namespace attune::cli {

// Two rows that ask nearly the same and are answered otherwise.
struct Conflict {
  data::NearPair pair;
  std::optional<double> first_loss, second_loss;  // mean of the answer's tokens, with a model

  double difference() const {
    return first_loss && second_loss ? std::abs(*first_loss - *second_loss) : 0;
  }
};

struct Suspects {
  CuratedRows rows;
  std::vector<data::LabelField> fields;
  data::LabelReport labels;
  // Of each label suspect, with a model: how much likelier it finds the answer with the suggested
  // label than the answer as it is, in nats.
  std::vector<std::optional<double>> preferences;
  std::vector<Conflict> conflicts;  // the largest difference in loss first
  std::optional<data::EnumCoverage> coverage;
};

Json suspects_report(const Suspects& found);
// For people: the first `show` of each kind.
void print_suspects_page(const Suspects& found, std::int64_t show);

}  // namespace attune::cli
