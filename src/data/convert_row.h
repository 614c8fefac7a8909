// One row of columns to the examples that it stands for, under a mapping.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "data/example.h"
#include "data/mapping.h"
#include "io/json.h"

namespace attune::data {

// Mostly one example; one for each object of an `each` list, and one for each worse answer of a
// ranked list. Of an example only what the row says is set: messages, tools, kind, the kind's
// members, parallel_tool_calls, input, plain_text. An error names the column and what is wrong in
// it.
//
// A preference row whose answers are whole conversations is divided: the prompt is what both begin
// with, joined to the prompt of its own column. Without a prompt column two texts are divided where
// they begin to differ, between words.
Result<std::vector<Example>> convert_row(const Mapping& mapping, const Json& row,
                                         const std::string& where);

}  // namespace attune::data
