#include "advise/prices.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "base/check.h"

namespace attune::advise {

namespace {

constexpr std::string_view kBuiltIn =
#include <prices_json.inc>  // made from prices.json
    ;

// Reads one entry; a fault names it and the member.
class Entry {
 public:
  Entry(const Json& value, std::string where) : value_(value), where_(std::move(where)) {}

  Failure wrong(std::string_view member, std::string found, std::string wanted) const {
    return bad_input({.where = fmt::format("{} {}", where_, member),
                      .found = std::move(found),
                      .wanted = std::move(wanted),
                      .fix = "correct the price list"});
  }
  Result<std::string> text(const char* name, bool required = true) const {
    const auto at = value_.find(name);
    if (at == value_.end() && !required) return std::string();
    if (at == value_.end() || !at->is_string() || at->get_ref<const std::string&>().empty())
      return wrong(name, at == value_.end() ? "nothing" : to_text(*at), "a text");
    return at->get<std::string>();
  }
  Result<std::string> one_of(const char* name, std::span<const std::string_view> names) const {
    ATTUNE_TRY(std::string found, text(name));
    if (std::find(names.begin(), names.end(), found) == names.end())
      return wrong(name, found, fmt::format("one of {}", fmt::join(names, ", ")));
    return found;
  }
  Result<double> amount(const char* name) const {
    const auto at = value_.find(name);
    if (at == value_.end() || !at->is_number() || !(at->get<double>() >= 0))
      return wrong(name, at == value_.end() ? "nothing" : to_text(*at), "a number, 0 or more");
    return at->get<double>();
  }
  Result<bool> flag(const char* name) const {
    const auto at = value_.find(name);
    if (at == value_.end()) return false;
    if (!at->is_boolean()) return wrong(name, to_text(*at), "true or false");
    return at->get<bool>();
  }
  Result<std::chrono::sys_days> date(const char* name) const {
    ATTUNE_TRY(const std::string found, text(name));
    int year = 0;
    unsigned month = 0, day = 0;
    char rest = 0;
    const bool read = found.size() == 10 &&
                      std::sscanf(found.c_str(), "%4d-%2u-%2u%c", &year, &month, &day, &rest) == 3;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!read || !date.ok()) return wrong(name, found, "a date as 2026-11-30");
    return std::chrono::sys_days(date);
  }
  Result<void> check_members() const {
    constexpr std::array<std::string_view, 11> kMembers = {
        "provider",  "model",      "kind",       "unit", "price",           "currency",
        "retrieved", "source_url", "confidence", "note", "bills_validation"};
    for (const auto& [name, member] : value_.items()) {
      if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end())
        return wrong(name, "an unknown member", fmt::format("{}", fmt::join(kMembers, ", ")));
    }
    return {};
  }

 private:
  const Json& value_;
  std::string where_;
};

Result<Price> read_price(const Json& value, const std::string& where, std::chrono::sys_days today) {
  constexpr std::array<std::string_view, 6> kKinds = {"train",  "input", "cached_input",
                                                      "output", "host",  "storage"};
  constexpr std::array<std::string_view, 5> kUnits = {"1M_tokens", "gpu_hour", "cpu_hour", "job",
                                                      "GB_month"};
  constexpr std::array<std::string_view, 3> kConfidence = {"official", "secondary", "user"};
  const Entry entry(value, where);
  if (!value.is_object()) return entry.wrong("", to_text(value), "an object");
  ATTUNE_TRY_VOID(entry.check_members());
  Price price;
  ATTUNE_TRY(price.provider, entry.text("provider"));
  ATTUNE_TRY(price.model, entry.text("model"));
  ATTUNE_TRY(price.kind, entry.one_of("kind", kKinds));
  ATTUNE_TRY(price.unit, entry.one_of("unit", kUnits));
  ATTUNE_TRY(price.price, entry.amount("price"));
  ATTUNE_TRY(price.currency, entry.text("currency"));
  ATTUNE_TRY(price.retrieved, entry.date("retrieved"));
  ATTUNE_TRY(price.source, entry.text("source_url"));
  ATTUNE_TRY(price.confidence, entry.one_of("confidence", kConfidence));
  ATTUNE_TRY(price.note, entry.text("note", false));
  ATTUNE_TRY(price.bills_validation, entry.flag("bills_validation"));
  if (price.retrieved > today + std::chrono::days(1)) {
    return entry.wrong("retrieved", date_text(price.retrieved),
                       fmt::format("no later than today, {}", date_text(today)));
  }
  return price;
}

bool prices_training(const Price& price) {
  return price.kind == "train" && price.unit == "1M_tokens";
}

}  // namespace

Result<PriceList> PriceList::parse(std::string_view text, const std::string& name,
                                   std::chrono::sys_days today) {
  ATTUNE_TRY(const Json document, parse_json(text, name));
  const auto prices = document.is_object() ? document.find("prices") : document.end();
  if (prices == document.end() || !prices->is_array()) {
    return bad_input({.where = name,
                      .found = "no list \"prices\"",
                      .wanted = R"({"version":1,"prices":[...]})",
                      .fix = "docs/curation.md shows an entry"});
  }
  PriceList list{.name = name, .today = today, .prices = {}};
  for (std::size_t i = 0; i < prices->size(); ++i) {
    ATTUNE_TRY(Price price, read_price((*prices)[i], fmt::format("{} prices[{}]", name, i), today));
    list.prices.push_back(std::move(price));
  }
  return list;
}

Result<PriceList> PriceList::load(const Path& path, std::chrono::sys_days today) {
  ATTUNE_TRY(const std::string text, read_file(path));
  return parse(text, path.string(), today);
}

PriceList PriceList::built_in(std::chrono::sys_days today) {
  // A clock that is behind the list is no reason to refuse it.
  constexpr std::chrono::sys_days kLatest = std::chrono::year(9999) / 1 / 1;
  Result<PriceList> list = parse(kBuiltIn, "built in", kLatest);
  CHECK(list.has_value(), "the built-in price list: {}", list.error().message());
  list->today = today;
  return std::move(*list);
}

Result<void> PriceList::refuse_older_than(std::int64_t days) const {
  for (const Price& price : prices) {
    if (!prices_training(price) || age_days(price) <= days) continue;
    return bad_input(
        {.where = fmt::format("{}, {} {}", name, price.provider, price.model),
         .found =
             fmt::format("a price of {}, {} days old", date_text(price.retrieved), age_days(price)),
         .wanted = fmt::format("at most {} days", days),
         .fix = fmt::format("look it up ({}) and give a list of your own with --prices",
                            price.source)});
  }
  return {};
}

std::chrono::sys_days today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

std::string date_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::vector<HostedCost> training_costs(const PriceList& list, const Usage& usage) {
  std::vector<HostedCost> costs;
  for (const Price& price : list.prices) {
    if (!prices_training(price)) continue;
    const std::int64_t tokens =
        usage.training_tokens + (price.bills_validation ? usage.validation_tokens : 0);
    costs.push_back({.price = price,
                     .tokens = tokens,
                     .cost = static_cast<double>(tokens) / 1e6 * price.price,
                     .age_days = list.age_days(price)});
  }
  std::stable_sort(costs.begin(), costs.end(),
                   [](const HostedCost& a, const HostedCost& b) { return a.cost < b.cost; });
  return costs;
}

}  // namespace attune::advise
