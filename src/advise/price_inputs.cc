#include "advise/price_inputs.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace attune::advise {

namespace {

constexpr std::string_view kTuned = ", tuned";

std::string base_name(const Price& price) {
  return price.model.ends_with(kTuned) ? price.model.substr(0, price.model.size() - kTuned.size())
                                       : price.model;
}

// The least, the most and the middle of the entries of one kind.
class Kind {
 public:
  Kind(const PricesUsed& used, std::string_view kind, bool tuned) {
    for (const Price& price : used.prices) {
      if (price.kind == kind && price.model.ends_with(kTuned) == tuned)
        values_.push_back(price.price);
    }
    std::sort(values_.begin(), values_.end());
  }
  bool known() const { return !values_.empty(); }
  bool apart() const { return known() && values_.back() > 1.05 * values_.front(); }
  stats::Estimate range() const {
    return {(values_.front() + values_.back()) / 2, values_.front(), values_.back()};
  }

 private:
  std::vector<double> values_;
};

void warn(const PriceList& list, PricesUsed& used) {
  std::int64_t old = 0, oldest = 0;
  bool official = false;
  for (const Price& price : used.prices) {
    const std::int64_t age = list.age_days(price);
    old += age > kOldPriceDays ? 1 : 0;
    oldest = std::max(oldest, age);
    official = official || price.confidence != "secondary";
  }
  if (old > 0) {
    used.warnings.push_back(
        fmt::format("{} of {} prices are older than {} days (the oldest {}): look them up", old,
                    used.prices.size(), kOldPriceDays, oldest));
  }
  for (const char* kind : {"input", "cached_input", "output", "train"}) {
    for (const bool tuned : {false, true}) {
      const Kind found(used, kind, tuned);
      if (!found.apart()) continue;
      used.warnings.push_back(fmt::format("sources differ on the {}{} price: {} to {}", kind,
                                          tuned ? " (tuned)" : "", found.range().low,
                                          found.range().high));
    }
  }
  if (!official)
    used.warnings.push_back("no price is from the vendor's own page: all are secondary");
}

}  // namespace

Result<PricesUsed> apply_prices(const PriceList& list, const std::string& model, Inputs& inputs) {
  PricesUsed used{.model = model, .list = list.name, .prices = {}, .warnings = {}};
  std::set<std::string> with_tokens, matching;
  for (const Price& price : list.prices) {
    if (price.unit != "1M_tokens") continue;
    const std::string base = base_name(price);
    if (price.kind == "input") with_tokens.insert(base);
    if (!model.empty() && base.starts_with(model) && price.kind == "input") matching.insert(base);
  }
  // "gpt-4o" begins "gpt-4o-mini" too: the shortest name is meant.
  std::string meant = matching.empty() ? "" : *matching.begin();
  for (const std::string& name : matching) {
    if (name == model || name.size() < meant.size()) meant = name;
  }
  if (meant.empty()) {
    return bad_input(
        {.where = "model",
         .found = fmt::format("\"{}\", which the price list ({}) does not have", model, list.name),
         .wanted = fmt::format("one of {}", fmt::join(with_tokens, ", ")),
         .fix = "give input_price and output_price, or a list with --prices"});
  }
  used.model = meant;
  for (const Price& price : list.prices) {
    if (price.unit == "1M_tokens" && base_name(price) == meant) used.prices.push_back(price);
  }
  const Kind input(used, "input", false), output(used, "output", false);
  const Kind cached(used, "cached_input", false), tuned(used, "input", true);
  const Kind train(used, "train", false);
  const auto set = [&](double Variables::*member, const stats::Estimate& range) {
    inputs.set(member, range, Origin::prices, meant);
  };
  set(&Variables::input_price, input.range());
  if (output.known()) set(&Variables::output_price, output.range());
  if (train.known()) set(&Variables::training_price, train.range());
  const double price = input.range().value;
  const auto over = [&](double value) { return price > 0 ? value / price : 0.0; };
  if (cached.known()) {
    const stats::Estimate range = cached.range();
    set(&Variables::cached_discount,
        {1 - over(range.value), 1 - over(range.high), 1 - over(range.low)});
  }
  if (tuned.known()) {
    const stats::Estimate range = tuned.range();
    set(&Variables::tuned_markup, {over(range.value), over(range.low), over(range.high)});
  }
  warn(list, used);
  return used;
}

}  // namespace attune::advise
