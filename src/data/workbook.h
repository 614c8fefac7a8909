// Excel workbooks (Office Open XML, ECMA-376): the first sheet as JSONL.
//
// The sheet's first row that is not empty names the columns; every later row becomes an object on
// the line of the same number, so that the lines of findings are the rows of the sheet. Cells
// become strings, as in CSV: text as it is, numbers in their shortest form, dates and times in ISO
// 8601, booleans as true and false, results of formulas as they were saved. Empty cells are "".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace attune::data {

struct WorkbookText {
  std::string jsonl;
  std::string sheet;          // its name
  std::int64_t sheets = 0;    // in the workbook
  std::int64_t formulas = 0;  // cells without a saved result; they are empty in `jsonl`
};

bool is_zip(std::string_view bytes);

// `name` names the file in errors. Refused: an archive that is no workbook, is broken or is
// protected by a password, a sheet of more than 1 GiB, a sheet without rows, two columns of one
// name.
Result<WorkbookText> read_first_sheet(std::string_view bytes, const std::string& name);

}  // namespace attune::data
