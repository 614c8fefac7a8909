// Prices of a model from the price list (prices.h) as inputs.
//
//   ATTUNE_TRY(const PricesUsed used, apply_prices(list, "gpt-4o-mini", inputs));
//
// The name is that of a model in the list, or how it begins. Prices of its tokens become
// input_price, output_price and cached_discount; those of "NAME, tuned" the markup; its training
// price training_price. Where entries of one kind differ, the input is the interval between them.
#pragma once

#include <string>
#include <vector>

#include "advise/prices.h"
#include "advise/variables.h"

namespace attune::advise {

inline constexpr std::int64_t kOldPriceDays = 90;

struct PricesUsed {
  std::string model, list;
  std::vector<Price> prices;
  // Older than kOldPriceDays, more than 5 % apart, none of the vendor's own.
  std::vector<std::string> warnings;
};

Result<PricesUsed> apply_prices(const PriceList& list, const std::string& model, Inputs& inputs);

}  // namespace attune::advise
