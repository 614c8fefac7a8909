// What hosted fine-tuning costs: a list of prices, each with its date and source.
//
//   ATTUNE_TRY(const PriceList list, PriceList::load("prices.json", today()));
//   for (const HostedCost& cost : training_costs(list, {.training_tokens = 360000})) ...
//
// The file: {"version":1,"prices":[{"provider","model","kind","unit","price","currency",
// "retrieved":"YYYY-MM-DD","source_url","confidence", "bills_validation"?, "note"?}]}. `kind` is
// train, input, cached_input, output, host or storage; only train in 1M_tokens is computed with
// here. `confidence` is official (the vendor's own page), secondary or user. The program carries
// the list src/advise/prices.json; prices change without notice, so each is shown with its date.
//
// Errors are bad input with the entry and the member. Values; safe from several threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "io/json.h"

namespace attune::advise {

struct Price {
  std::string provider, model, kind, unit, currency;
  double price = 0;
  bool bills_validation = false;  // validation tokens too, at each evaluation
  std::chrono::sys_days retrieved = {};
  std::string source, confidence, note;
};

struct PriceList {
  std::string name;  // of the file, or "built in"
  std::chrono::sys_days today = {};
  std::vector<Price> prices;

  std::int64_t age_days(const Price& price) const { return (today - price.retrieved).count(); }

  static Result<PriceList> load(const Path& path, std::chrono::sys_days today);
  static Result<PriceList> parse(std::string_view text, const std::string& name,
                                 std::chrono::sys_days today);
  static PriceList built_in(std::chrono::sys_days today);

  // Refuses a training price of more than `days` days.
  Result<void> refuse_older_than(std::int64_t days) const;
};

std::chrono::sys_days today();
std::string date_text(std::chrono::sys_days day);  // "2026-11-30"

struct Usage {
  std::int64_t training_tokens = 0;    // of all epochs
  std::int64_t validation_tokens = 0;  // of all evaluations
};

struct HostedCost {
  Price price;
  std::int64_t tokens = 0;
  double cost = 0;
  std::int64_t age_days = 0;
};

// One a training price, cheapest first.
std::vector<HostedCost> training_costs(const PriceList& list, const Usage& usage);

}  // namespace attune::advise
