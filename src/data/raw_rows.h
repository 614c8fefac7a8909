// Rows of a file before they have a meaning: an object of columns, and its line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "io/json.h"

namespace attune::data {

struct RawRow {
  Json columns;  // an object; CSV cells are strings
  std::int64_t line = 0;
  std::int64_t number = 0;  // from 1, broken rows counted
};

struct RawRows {
  std::vector<RawRow> rows;
  std::vector<Finding> findings;  // dropped rows
  std::string format;
  std::vector<std::string> evidence;
  std::int64_t rows_read = 0;
};

Result<RawRows> read_raw_rows(std::string_view text, const std::string& source,
                              const ReadOptions& options);

// The line of each object that is an item of the document's array (at the top, or the one array of
// a top object); of each object in a top object that holds no such array.
std::vector<std::int64_t> lines_of_items(std::string_view json);

}  // namespace attune::data
