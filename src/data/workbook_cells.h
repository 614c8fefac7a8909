// What the cells of a workbook say as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

namespace attune::data {

enum class NumberKind : std::uint8_t { number, date, time, date_and_time };

// What a number format shows (ECMA-376 part 1, 18.8.30 and 18.8.31): by its built-in number, or by
// the letters of its code outside of quotes, brackets and escapes.
NumberKind kind_of_format(int id, std::string_view code);

// A count of days since 1899-12-30 (or 1904-01-01) as "2025-06-14", "14:45" or "2025-06-14 14:45";
// seconds where there are any. A number that is no date of the years 1 to 9999 stays a number.
std::string date_text(double days, NumberKind kind, bool since_1904);

// In the shortest form that reads back to the same number.
std::string number_text(double value);

// The name of an element without the prefix of its namespace.
std::string_view local_name(pugi::xml_node node);

// The text of an <si> or <is>: all runs, without the readings of East Asian signs; "_x000D_" is the
// character of that number.
std::string rich_text(pugi::xml_node node);

// The kind of each cell style, in the order of cellXfs of a styles part.
std::vector<NumberKind> read_cell_styles(const pugi::xml_document& styles);

// The column of a reference such as "AB12", from 0; -1 when it is none.
int column_of_reference(std::string_view reference);

}  // namespace attune::data
