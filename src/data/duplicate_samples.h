// Groups of rows that say the same, with their texts: for a page that shows them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/duplicates.h"
#include "data/pii.h"

namespace attune::data {

struct DuplicateSample {
  struct Row {
    std::string where;
    std::string id;
    std::string question;  // cut after some thousand bytes
    std::string answer;
  };
  Likeness kind = Likeness::copy;
  std::vector<Row> rows;        // the first of the group
  std::int64_t size = 0;        // rows of the group
  std::vector<NearPair> pairs;  // of near copies and near questions: indices into rows
};

// The first groups of each kind but fillings, largest first. With a scanner, secrets and personal
// data in the texts are shown in part.
std::vector<DuplicateSample> duplicate_samples(std::span<const Example> examples,
                                               const DuplicateReport& report,
                                               const PiiScanner* pii);

// At most `most` bytes of a text, not cut inside a character, what the scanner finds shown in part.
std::string sample_text(std::string_view text, const PiiScanner* pii, std::size_t most = 4000);

}  // namespace attune::data
