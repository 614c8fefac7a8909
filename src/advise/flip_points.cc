#include "advise/flip_points.h"

#include <algorithm>
#include <cmath>

namespace attune::advise {

namespace {

constexpr int kSearchSteps = 48;
constexpr int kBisections = 40;

// The way from an input's value to a bound: position 0 is the value, 1 the bound.
class Way {
 public:
  Way(double from, double to, bool by_factors, double ceiling) : from_(from), to_(to) {
    // Factors need a place to begin and to end above 0.
    const double least = ceiling * 1e-9;
    by_factors_ = by_factors && std::max(from, to) > 0;
    start_ = std::max(from, least);
    end_ = std::max(to, least);
  }
  double at(double position) const {
    if (position <= 0) return from_;
    if (position >= 1) return to_;
    if (!by_factors_) return from_ + (to_ - from_) * position;
    return start_ * std::pow(end_ / start_, position);
  }

 private:
  double from_, to_, start_, end_;
  bool by_factors_;
};

class Search {
 public:
  explicit Search(const Inputs& inputs)
      : middle_(inputs.middle()),
        situation_(inputs.situation()),
        verdict_(leaf_of(make_case(middle_, situation_)).choose) {}

  Choose verdict_at(const VariableSpec& spec, double value) const {
    Variables point = middle_;
    point.*(spec.member) = value;
    return leaf_of(make_case(point, situation_)).choose;
  }

  std::optional<Flip> towards(const VariableSpec& spec, double bound) const {
    const double value = middle_.*(spec.member);
    if (value == bound) return std::nullopt;
    const Way way(value, bound, spec.by_factors, spec.ceiling);
    double same = 0;
    for (int step = 1; step <= kSearchSteps; ++step) {
      double other = static_cast<double>(step) / kSearchSteps;
      if (verdict_at(spec, way.at(other)) == verdict_) {
        same = other;
        continue;
      }
      for (int i = 0; i < kBisections; ++i) {
        const double half = (same + other) / 2;
        (verdict_at(spec, way.at(half)) == verdict_ ? same : other) = half;
      }
      return Flip{.value = way.at(other), .to = verdict_at(spec, way.at(other))};
    }
    return std::nullopt;
  }

  double worth_at(const VariableSpec& spec, double value, const Focus& focus) const {
    Variables point = middle_;
    point.*(spec.member) = value;
    return money_of(focus, make_case(point, situation_)).net_present_value;
  }

 private:
  Variables middle_;
  Situation situation_;
  Choose verdict_;
};

Arm arm_of(Choose choose, const Economics& economics) {
  switch (choose) {
    case Choose::rag:
      return Arm::rag;
    case Choose::constrained_decoding:
      return Arm::constrained;
    case Choose::tuned_rag:
      return Arm::tuned_rag;
    case Choose::prompt:
    case Choose::fine_tune:
    case Choose::do_nothing:
    case Choose::inconclusive:
      break;
  }
  return economics.tuned;
}

}  // namespace

double FlipPoint::swing() const { return std::abs(value_at_high - value_at_low); }

Focus focus_of(const Decided& decided, const Economics& economics) {
  if (decided.passed("money_rag")) return {.arm = Arm::tuned_rag, .over_rag = true};
  if (decided.leaf->id == "prompt_first") return {.arm = Arm::prompt, .over_rag = false};
  return {.arm = arm_of(decided.leaf->choose, economics), .over_rag = false};
}

Replacement money_of(const Focus& focus, const Case& one) {
  const bool tuned = focus.arm == Arm::tuned_own || focus.arm == Arm::tuned_provider;
  const ArmMoney& arm = one.economics.arm(tuned ? one.economics.tuned : focus.arm);
  if (focus.over_rag) return replace(one.economics.arm(Arm::rag), arm, one.variables);
  return {.one_off = arm.one_off,
          .saved_a_day = one.economics.arm(Arm::now).daily.total() - arm.daily.total(),
          .break_even_days = arm.break_even_days,
          .net_present_value = arm.net_present_value};
}

std::vector<FlipPoint> find_flip_points(const Inputs& inputs, const Focus& focus) {
  const Search search(inputs);
  std::vector<FlipPoint> flips;
  for (std::size_t i = 0; i < inputs.numbers().size(); ++i) {
    const VariableSpec& spec = variable_specs()[i];
    FlipPoint flip{.spec = &spec, .input = inputs.numbers()[i], .below = {}, .above = {}};
    flip.below = search.towards(spec, spec.floor);
    flip.above = search.towards(spec, spec.ceiling);
    const stats::Estimate& range = flip.input.range;
    flip.inside = (flip.below && flip.below->value >= range.low) ||
                  (flip.above && flip.above->value <= range.high);
    flip.value_at_low = search.worth_at(spec, range.low, focus);
    flip.value_at_high = search.worth_at(spec, range.high, focus);
    flips.push_back(std::move(flip));
  }
  std::stable_sort(flips.begin(), flips.end(), [](const FlipPoint& a, const FlipPoint& b) {
    if (a.inside != b.inside) return a.inside;
    return a.swing() > b.swing();
  });
  return flips;
}

std::vector<ChoiceFlip> find_choice_flips(const Inputs& inputs) {
  const Situation situation = inputs.situation();
  const Variables middle = inputs.middle();
  const Choose verdict = leaf_of(make_case(middle, situation)).choose;
  std::vector<ChoiceFlip> flips;
  for (const ChoiceSpec& spec : choice_specs()) {
    for (int answer = 0; answer < static_cast<int>(spec.answers.size()); ++answer) {
      Situation other = situation;
      other[spec.choice] = answer;
      const Choose to = leaf_of(make_case(middle, other)).choose;
      if (to != verdict) {
        flips.push_back({.choice = spec.choice,
                         .answer = spec.answers[static_cast<std::size_t>(answer)],
                         .to = to});
      }
    }
  }
  return flips;
}

}  // namespace attune::advise
