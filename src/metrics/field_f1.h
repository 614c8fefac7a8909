// Precision, recall and F1 of extracted fields: each scalar of a JSON answer against the reference.
//
//   FieldCounts counts;
//   for (...) counts += count_fields(answer, reference, rules);
//   counts.micro().f1()      over all fields together
//   counts.macro_f1()        mean over the fields, by name
//
// A field is a scalar (or an empty list or object) by its path: "customer.name", "items[].price".
// Equal under the field's comparator: a true positive. A different value: one false positive and
// one false negative. Missing: a false negative. Too many: a false positive. Elements of lists are
// paired so that the sum of true positives is the largest possible (assignment.h), or by a key.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "io/json.h"
#include "metrics/comparator.h"

namespace attune::metrics {

struct FieldCount {
  std::int64_t true_positives = 0;
  std::int64_t false_positives = 0;
  std::int64_t false_negatives = 0;

  FieldCount& operator+=(const FieldCount& other);
  // Absent where nothing was given (precision), wanted (recall), or either (F1).
  std::optional<double> precision() const;
  std::optional<double> recall() const;
  std::optional<double> f1() const;
};

struct FieldCounts {
  std::map<std::string, FieldCount> fields;

  FieldCounts& operator+=(const FieldCounts& other);
  FieldCount micro() const;
  std::optional<double> macro_f1() const;
};

struct FieldRules {
  std::map<std::string, Comparator> comparators = {};  // by path; other fields are compared exactly
  // The member that pairs the elements of a list, by the list's path: {"items": "id"}.
  std::map<std::string, std::string> keys = {};
};

// Reads {"fields": {"total": "number"}, "keys": {"items": "id"}}.
Result<FieldRules> read_field_rules(const Json& spec, std::string_view where);

// `answer` is nullptr when there is none.
FieldCounts count_fields(const Json* answer, const Json& reference, const FieldRules& rules = {});

}  // namespace attune::metrics
