// For every input: the value at which the verdict would be another one, and what it matters.
//
//   for (const FlipPoint& flip : find_flip_points(inputs, focus)) ...   // those that matter first
//   for (const ChoiceFlip& flip : find_choice_flips(inputs)) ...
//
// One input is moved at a time, the others keep their values. Going away from its value, up and
// down to its bounds, in 48 steps each (by factors where the input varies by factors), the first
// step with another verdict is narrowed by bisection. No such step: never. An input that acts in
// both directions might change the verdict and change it back within one step, which is not seen.
#pragma once

#include <optional>
#include <vector>

#include "advise/decision.h"

namespace attune::advise {

struct Flip {
  double value = 0;  // the first with the other verdict
  Choose to = Choose::inconclusive;
};

struct FlipPoint {
  const VariableSpec* spec = nullptr;
  Input input;
  std::optional<Flip> below, above;
  bool inside = false;      // the verdict flips between the input's low and high end
  double value_at_low = 0;  // what the focus is worth at each end
  double value_at_high = 0;
  double swing() const;
};

// What the money is about: the arm and what it replaces.
struct Focus {
  Arm arm = Arm::tuned_own;
  bool over_rag = false;  // tuned + RAG against RAG, else against today
};
Focus focus_of(const Decided& decided, const Economics& economics);
// Its break-even and net present value at a point.
Replacement money_of(const Focus& focus, const Case& one);

std::vector<FlipPoint> find_flip_points(const Inputs& inputs, const Focus& focus);

struct ChoiceFlip {
  Choice choice = Choice::facts;
  std::string_view answer;
  Choose to = Choose::inconclusive;
};
// Every other answer that gives another verdict.
std::vector<ChoiceFlip> find_choice_flips(const Inputs& inputs);

}  // namespace attune::advise
