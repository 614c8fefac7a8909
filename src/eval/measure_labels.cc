// Macro-F1 and Matthews correlation of labels, by the formulas of metrics/label_report.h, from sums
// over items: three for each label, how often it was wanted, given, and both.
#include <cmath>
#include <map>

#include "base/ascii.h"
#include "eval/measure_arm.h"

namespace attune::eval {

namespace {

std::string label_of(std::string_view text) { return ascii_lower(collapsed_white_space(text)); }

// The mean F1 over the labels that occur on either side.
std::optional<double> macro_f1(std::span<const double> sums) {
  double f1 = 0, labels = 0;
  for (std::size_t i = 0; i + 2 < sums.size(); i += 3) {
    const double occurs = sums[i] + sums[i + 1];
    if (occurs <= 0) continue;
    ++labels;
    f1 += 2 * sums[i + 2] / occurs;
  }
  if (labels == 0) return std::nullopt;
  return f1 / labels;
}

// (c s - sum t p) / sqrt((s^2 - sum p^2)(s^2 - sum t^2))   (Gorodkin 2004)
std::optional<double> mcc(std::span<const double> sums) {
  double items = 0, correct = 0, by_chance = 0, wanted_square = 0, given_square = 0;
  for (std::size_t i = 0; i + 2 < sums.size(); i += 3) {
    items += sums[i];
    correct += sums[i + 2];
    by_chance += sums[i] * sums[i + 1];
    wanted_square += sums[i] * sums[i];
    given_square += sums[i + 1] * sums[i + 1];
  }
  const double spread = (items * items - wanted_square) * (items * items - given_square);
  if (spread <= 0) return std::nullopt;
  return (correct * items - by_chance) / std::sqrt(spread);
}

}  // namespace

std::vector<CountedMeasure> label_measures(const std::vector<Item>& items, const ArmResult& arm) {
  std::map<std::string, std::uint32_t> places;
  for (const Item& item : items)
    places.emplace(label_of(item.reference), static_cast<std::uint32_t>(places.size()));
  // Whatever is no label of the references is one label.
  const auto other = static_cast<std::uint32_t>(places.size());
  CountedMeasure f1{.name = "macro_f1",
                    .words = "macro-F1",
                    .of_one_item = false,
                    .sums = 3 * (places.size() + 1),
                    .figure = macro_f1};
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::uint32_t wanted = places.at(label_of(items[i].reference));
    const auto found = places.find(label_of(arm.answers[i].text));
    const std::uint32_t given = found == places.end() ? other : found->second;
    Counts counts = {{3 * wanted, 1}, {3 * given + 1, 1}};
    if (given == wanted) counts.push_back({3 * wanted + 2, 1});
    f1.items.push_back(std::move(counts));
  }
  CountedMeasure correlation = f1;
  correlation.name = "mcc";
  correlation.words = "MCC";
  correlation.least = -1;
  correlation.figure = mcc;
  return {std::move(f1), std::move(correlation)};
}

}  // namespace attune::eval
