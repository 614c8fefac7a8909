// The row formats that people keep training data in, as one table: the columns by which a format is
// known, and the mapping line (mapping.h) that makes an example of its rows. A new format is a new
// line of the table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/example.h"
#include "data/mapping.h"
#include "io/json.h"

namespace attune::data {

struct KnownFormat {
  std::string_view name;  // of --format: "alpaca"
  RowKind kind;
  // Column names in lower case, separated by spaces. "name?" may be missing; "name:list",
  // "name:object" and "name:boolean" must hold such a value (in a table, the text of one).
  std::string_view columns;
  std::string_view map;
  std::string_view from;  // who writes it: "Alpaca, Axolotl, LLaMA-Factory"
  enum class Recognised {
    by_columns,
    by_columns_alone,
    when_asked
  } recognised = Recognised::by_columns;
};

// In the order in which they are tried.
std::span<const KnownFormat> known_formats();

const KnownFormat* find_known_format(std::string_view name);

// Whether a row has the format's columns, whatever their case.
bool has_columns_of(const KnownFormat& format, const Json& row);

// The first format whose columns the row has; null when there is none.
const KnownFormat* recognise_format(const Json& row);

// The format's mapping in the row's own spelling of the columns; columns that it does not have stay
// optional.
Mapping mapping_of(const KnownFormat& format, const Json& row);

// Columns that identify or describe a row rather than say something: id, split, date, ...
bool is_label_column(std::string_view name);

// The row's own spelling of `name` (lower case), whatever its case; empty when the row has no such
// column.
std::string spelled(const Json& row, std::string_view name);

}  // namespace attune::data
