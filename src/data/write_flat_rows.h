// The writers of the formats that hold less than messages do; see write_formats.h.
#pragma once

#include <string>
#include <vector>

#include "data/example.h"
#include "io/json.h"

namespace attune::data {

// What a row says that its format has no place for.
struct Losses {
  std::vector<std::string> words;  // the row can be written without it
  std::vector<std::string> fatal;  // it cannot
};

Json prompt_completion_row(const Example& example, Losses& losses);
Json sharegpt_row(const Example& example, Losses& losses);
Json alpaca_row(const Example& example, Losses& losses);

}  // namespace attune::data
