// A figure over many items that is made of sums: each item adds to a few counts, and the figure is
// a function of their sums. Corpus BLEU, macro-F1 and the share of unsupported claims are of this
// kind; none is a mean over items.
//
//   const MeasureSummary chrf = *summarise(measure, intervals);      // value, interval
//   const auto gain = measure_difference(tuned, base, intervals);    // on the same items
//
// The interval resamples items, or clusters of them, 2,000 times and computes the figure from the
// resampled sums: the bias-corrected and accelerated bootstrap (Efron 1987), the acceleration from
// the jackknife over items or clusters. Resamples in which the figure is undefined are left out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/intervals.h"

namespace attune::eval {

struct Count {
  std::uint32_t of = 0;  // which sum
  double amount = 0;
};
using Counts = std::vector<Count>;

// Nothing where it is undefined.
using MeasureFigure = std::function<std::optional<double>(std::span<const double> sums)>;

struct CountedMeasure {
  std::string name;            // "macro_f1"
  std::string words;           // "macro-F1", for people
  std::string signature = {};  // how it was made, where that can differ: "nrefs:1|case:mixed|..."
  double least = 0;            // the smallest value there can be; the largest is 1
  bool bounded = true;         // false: neither is known
  bool lower_is_better = false;
  bool of_one_item = true;  // an item alone has a figure
  std::size_t sums = 0;
  std::vector<Counts> items = {};  // of each item; empty: the measure does not apply to it
  MeasureFigure figure = {};
  MeasureFigure item_figure = {};  // of an item alone, where it differs
};

struct MeasureSummary {
  std::string name, words, signature;
  bool lower_is_better = false;
  std::int64_t items = 0;  // to which it applies
  stats::Estimate value;
};

// Nothing where the figure is undefined or applies to no item.
std::optional<MeasureSummary> summarise(const CountedMeasure& measure, const Intervals& intervals);

// first - second, both over the same items.
std::optional<stats::Estimate> measure_difference(const CountedMeasure& first,
                                                  const CountedMeasure& second,
                                                  const Intervals& intervals);

// Of one item alone.
std::optional<double> figure_of(const CountedMeasure& measure, std::size_t item);

// The figure sums[0] / sums[1], with those counts of an item.
std::optional<double> ratio_figure(std::span<const double> sums);

}  // namespace attune::eval
