// What measures need of an item besides its reference, in Item::side under fixed names, whatever
// its columns are called. It is written into results.jsonl, so that a run can be scored again.
//
//   "context"        texts that the answer should keep to, by measure: faithfulness, terminology
//   "functions"      declared functions; "accepted": the calls with the accepted values of each
//                    argument, as metrics/tool_match.h reads both: tool_calls
//   "instructions"   {"key", "prompt", "instruction_id_list", "kwargs"}: ifeval
//   "item"           the row's item, and "sample" where it brings one: criteria
//
//   ATTUNE_TRY(item.side, side_of(plan, columns, row.tools, item, "test.jsonl:3"));
//
// A field is a column of the row, or else a member of its column "metadata".
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "eval/arms.h"
#include "eval/measures.h"
#include "io/json.h"

namespace attune::eval {

// Null where the row has no such field. `columns` is an object.
const Json* find_field(const Json& columns, const std::string& name);

// A field as text: a text as it is, a list of texts line by line, anything else as JSON.
Result<std::string> field_text(const Json& columns, const std::string& name,
                               std::string_view where);

// Null where the plan needs nothing. Refused: a field that is named and not there, or holds what
// the measure cannot read.
Result<Json> side_of(const MeasurePlan& plan, const Json& columns, const Json& tools,
                     const Item& item, std::string_view where);

}  // namespace attune::eval
