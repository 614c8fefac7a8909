// How good one answer is, against its reference and the contract.
//
// References that are JSON objects or arrays are scored field by field:
//   domain accuracy  the share of the reference's fields that the answer has right. A field is a
//   scalar, or a list of
//                    scalars as a whole; lists of objects go element by element, and elements too
//                    many count as one wrong field each. Strings are equal after trimming and
//                    collapsing white space (letter case counts), numbers by value, everything else
//                    exactly; 3 and "3" differ.
//   exact match      the answer is one JSON document and equals the reference as a whole, under the
//   same equality. A missing answer field is wrong. Where the answer is not one JSON document, the
//   fields are read from the first JSON object or list found in its text (chatter and ``` fences
//   are format faults, not counted twice); compliance and exact match stay strict.
// Other references are scored as text: domain accuracy is token F1 (lower case, punctuation
// dropped), exact match is equality after trimming and collapsing white space.
//
// format compliance  the contract's check of the whole answer. Without a contract: JSON references
// want one JSON
//                    document with the reference's keys and types, text references want any words
//                    at all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grammar/contract.h"
#include "io/json.h"

namespace attune::eval {

enum class Metric {
  field_accuracy,
  token_f1,
  label,       // the reference is a label: right or wrong, letter case and white space aside
  assertions,  // the weighted share of the item's assertions that hold
  tool_calls,  // right or wrong by metrics/tool_match.h (score_calls.h)
  ifeval,      // share of the item's instructions that are kept, strictly (score_instructions.h)
  criteria,    // share of the testing criteria of an eval that pass (criteria.h)
};
inline constexpr std::array kMetricNames = {
    std::pair{Metric::field_accuracy, std::string_view("field_accuracy")},
    std::pair{Metric::token_f1, std::string_view("token_f1")},
    std::pair{Metric::label, std::string_view("label")},
    std::pair{Metric::assertions, std::string_view("assertions")},
    std::pair{Metric::tool_calls, std::string_view("tool_calls")},
    std::pair{Metric::ifeval, std::string_view("ifeval")},
    std::pair{Metric::criteria, std::string_view("criteria")},
};
std::string_view metric_name(Metric metric);
std::string_view metric_words(Metric metric);  // as the heading of a column: "domain accuracy"

struct FieldScore {
  std::string name;  // "customer.name", "items[].price"
  bool correct = false;
  std::string wanted;
  std::string found;  // "(missing)" when the answer has no such field
};

struct ItemScore {
  bool compliant = false;
  bool exact = false;
  bool json_found = false;  // some JSON object or list was in the answer
  double accuracy = 0;      // in [0, 1]
  std::vector<FieldScore> fields;
  std::vector<std::string> violations;  // why it is not compliant
  std::int64_t preferred_terms = 0;
  std::int64_t forbidden_terms = 0;
  // What the measures beside domain accuracy say of this item alone, by their names.
  std::vector<std::pair<std::string, double>> measures = {};
};

// The JSON object or list of a reference, or nothing when it is text.
std::optional<Json> json_reference(std::string_view reference);

// contract may be nullptr.
ItemScore score_json(std::string_view answer, const Json& reference,
                     const grammar::Contract* contract);
ItemScore score_text(std::string_view answer, std::string_view reference,
                     const grammar::Contract* contract);

// A label is right when it equals the reference, letter case and white space aside.
ItemScore score_label(std::string_view answer, std::string_view reference,
                      const grammar::Contract* contract);

// The first JSON object or list in a text: the whole of it, or a balanced part that parses.
std::optional<Json> find_json(std::string_view text);

// 2PR / (P + R) over the multisets of tokens; 1 when both have none.
double token_f1(std::string_view answer, std::string_view reference);

std::string collapsed_white_space(std::string_view text);

}  // namespace attune::eval
