// A curve drawn with block characters, for a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune::client {

// `rows` lines, the highest values first, each at most `columns` wide; values are averaged into the
// columns in their order. Empty for no values.
std::vector<std::string> block_chart(const std::vector<double>& values, std::int64_t columns,
                                     std::int64_t rows);

}  // namespace attune::client
