// When two values of a field count as equal: as they are, as text, number, quantity, date, time or
// identifier. Comparators are written in JSON beside a test set:
//
//   "exact"
//   {"as": "number", "absolute": 0.01, "relative": 0.001, "unit": "kg"}
//   {"as": "date", "order": "day_first"}
//   {"as": "text", "similarity": "rouge_l", "at_least": 0.8}
//
//   exact       strings with white space collapsed, numbers by value, the rest as JSON; 3 and "3"
//               differ
//   text        exact match after the normalisation of answer_text.h; with "similarity" at least
//               so alike
//   number      quantities within the tolerance; numbers and strings; "unit" is that of bare
//               numbers
//   date, time, date_time   the same moment, however written (date_forms.h)
//   identifier  without letter case, spaces and - . / _
// A value that cannot be read as what it should be is equal only to itself.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/json.h"
#include "metrics/date_forms.h"
#include "metrics/quantity.h"
#include "metrics/text_similarity.h"

namespace attune::metrics {

enum class CompareAs { exact, text, number, date, time, date_time, identifier };

struct Comparator {
  CompareAs as = CompareAs::exact;
  Tolerance tolerance = {};                   // number
  std::string unit = {};                      // number
  DateOrder order = DateOrder::unknown;       // date, date_time
  std::optional<Similarity> similarity = {};  // text
  double at_least = 1;                        // text
};

// `where` names the comparator's place for the error message.
Result<Comparator> read_comparator(const Json& spec, std::string_view where);

bool equal_under(const Comparator& comparator, const Json& answer, const Json& reference);

}  // namespace attune::metrics
