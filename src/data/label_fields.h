// The parts of answers that are labels: members of JSON answers, or whole short answers, that have
// few values, each in several rows.
//
//   for (const LabelField& field : label_fields(answers)) field.path, field.values ...
//
// A label has 2 to 200 values of at most 80 bytes, and five rows or more for each on average. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace attune::data {

struct LabelField {
  std::string path;                  // JSON pointer into the answer; empty: the whole answer
  std::vector<std::string> values;   // JSON texts, or the answers; rising
  std::vector<std::int32_t> labels;  // of each row: index into values, -1: the row has none
};

// By path. Where at least half of the answers are JSON objects their scalar members are looked at,
// else the answers as they stand, white space around them aside.
std::vector<LabelField> label_fields(std::span<const std::string> answers);

}  // namespace attune::data
