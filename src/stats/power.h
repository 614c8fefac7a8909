// Before measuring: how many held-out items does a claim need, and what can the items at hand
// prove?
//
// Plain arithmetic on three shares:
//   gain        the difference of the two arms' rates that is to be shown, 0.05 = 5 points
//   loss        the share of items on which the arm that is better overall is the worse one
//   discordant  the share of items on which the arms differ at all, gain + 2 loss
//
//   items_needed(discordant_share(0.05, 0.03), 0.05)   // 343 items show +5 points
//   smallest_gain(120)                                 // these 120 items can show +9.3 points
#pragma once

#include <cstdint>

namespace attune::stats {

struct PowerOptions {
  double power = 0.8;          // the chance that a true effect of this size is shown
  double significance = 0.05;  // two-sided for differences, one-sided for equivalence
};

// What is assumed of `loss` when nothing is known: 2 of 100 items get worse. Measured arms tell.
inline constexpr double kUsualLoss = 0.02;

inline double discordant_share(double gain, double loss = kUsualLoss) { return gain + 2 * loss; }

// Items on which a paired test (McNemar) shows `gain`:
//   (z sqrt(psi) + z_b sqrt(psi - d^2))^2 / d^2      (Connor 1987),
// psi the discordant share, taken as `gain` where it is less, as arms can't differ by more than
// they disagree. 0 for a gain of 0 or less.
std::int64_t items_needed(double discordant, double gain, const PowerOptions& options = {});

// The same for scores: (z + z_b)^2 sd^2 / d^2, `deviation` the standard deviation of the paired
// differences.
std::int64_t items_needed_for_scores(double deviation, double gain,
                                     const PowerOptions& options = {});

// The smallest gain that `items` can show, given `loss`: "these 120 items can show +9 points or
// more". 1 when they can show none. `discordant` in items_needed is gain + 2 loss here.
double smallest_gain(std::int64_t items, double loss = kUsualLoss,
                     const PowerOptions& options = {});

// Items with which an equivalence test (equivalence.h) shows that two arms differ by less than
// `margin` when in truth they differ by `difference`:
//   (z_(1 - alpha) + z_b)^2 (psi - d^2) / (margin - |d|)^2,
// where z_b stands for (1 + power) / 2 when d = 0, as then both tests can fail (Julious 2004). 0
// when the difference is not within the margin: no number of items is enough.
std::int64_t items_for_equivalence(double discordant, double margin, double difference = 0,
                                   const PowerOptions& options = {});

// Items of each arm when the arms answer different items (Fleiss, Levin and Paik 2003, 4.14,
// without continuity correction): what not pairing costs. 0 when the rates are equal.
std::int64_t items_per_arm(double first_rate, double second_rate, const PowerOptions& options = {});

}  // namespace attune::stats
