// How long the longest number of a text is: what card, account and telephone numbers have in
// common.
#pragma once

#include <cstdint>
#include <string_view>

namespace attune::data {

// The most digits with nothing but single marks (or a bracket and a space) between them.
std::int64_t longest_digit_run(std::string_view text);

}  // namespace attune::data
