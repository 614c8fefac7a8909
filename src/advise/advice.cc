#include "advise/advice.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "advise/words.h"

namespace attune::advise {

namespace {

constexpr double kLeastSure = 1.0 / 3;
constexpr double kMostSure = 2.0 / 3;

bool advises_tuning(Choose choose) {
  return choose == Choose::fine_tune || choose == Choose::tuned_rag;
}

void decide(Advice& advice, const DrawOptions& options) {
  advice.middle.inputs = &advice.inputs;
  const Decided at_values = decide_advice(advice.middle);
  advice.focus = focus_of(at_values, advice.middle.economics);
  advice.draws = draw_outcomes(advice.inputs, advice.focus, options);
  const bool asked = at_values.passed("money") || at_values.passed("money_rag");
  const double pays = advice.draws.pays;
  advice.middle.money_open = asked && pays > kLeastSure && pays < kMostSure;
  advice.decided = advice.middle.money_open ? decide_advice(advice.middle) : at_values;
  advice.money = money_of(advice.focus, advice.middle);
  advice.middle.inputs = nullptr;  // the advice may be moved
}

void judge_confidence(Advice& advice) {
  const Choose verdict = advice.decided.leaf->choose;
  const double same = advice.draws.verdicts[static_cast<std::size_t>(verdict)];
  int level = same >= 0.9 ? 2 : same >= 0.7 ? 1 : 0;
  if (verdict == Choose::inconclusive) level = 0;
  if (level < 2 && verdict != Choose::inconclusive) {
    advice.doubts.push_back(
        fmt::format("{:.0f} % of the draws from your intervals and the defaults give this verdict",
                    100 * same));
  }
  bool lower = false;
  if (advises_tuning(verdict) && advice.middle.situation[Choice::gap] == answer::gap_unmeasured) {
    lower = true;
    advice.doubts.push_back("what tuning gains is not measured");
  }
  std::string assumed;
  for (const ChoiceFlip& flip : advice.choice_flips) {
    const std::string name(spec_of(flip.choice).name);
    // These three stand among the conditions.
    if (flip.choice == Choice::pii || flip.choice == Choice::licence ||
        flip.choice == Choice::retrainer)
      continue;
    if (advice.inputs.choice(flip.choice).origin != Origin::assumed ||
        assumed.find(name) != std::string::npos)
      continue;
    assumed += (assumed.empty() ? "" : ", ") + name;
  }
  if (!assumed.empty()) {
    lower = true;
    advice.doubts.push_back("assumed, and another answer would change the verdict: " + assumed);
  }
  std::string numbers;
  int named = 0;
  for (const FlipPoint& flip : advice.flips) {
    if (!flip.inside || flip.input.origin != Origin::assumed || ++named > 5) continue;
    numbers += (numbers.empty() ? "" : ", ") + std::string(flip.spec->name);
  }
  if (!numbers.empty())
    advice.doubts.push_back("assumed, and decisive within what is assumed: " + numbers);
  level = std::max(0, level - (lower ? 1 : 0));
  advice.confidence = static_cast<Confidence>(level);
}

// What to narrow when the draws do not tell: the decisive inputs, each with its flip point.
void name_what_decides(Advice& advice) {
  constexpr int kMost = 3;
  int named = 0;
  for (const FlipPoint& flip : advice.flips) {
    if (!flip.inside || ++named > kMost) return;
    const stats::Estimate& range = flip.input.range;
    const bool below = flip.below && flip.below->value >= range.low;
    const Flip& at = below ? *flip.below : *flip.above;
    advice.conditions.push_back(fmt::format("narrow {} ({}): it decides, at {}", flip.spec->name,
                                            range_words(*flip.spec, range),
                                            value_words(*flip.spec, at.value)));
  }
}

void add_conditions(Advice& advice) {
  if (advice.middle.money_open) name_what_decides(advice);
  if (advice.rework_share.now > 1) {
    const Variables& v = advice.middle.variables;
    advice.conditions.push_back(fmt::format(
        "check requests_per_day, rework and fix_minutes: they come to {} hours of repairs a day, "
        "and team_hours are {}",
        rounded(advice.rework_share.now * v.team_hours), rounded(v.team_hours)));
  }
  const Choose verdict = advice.decided.leaf->choose;
  const auto assumed = [&](Choice choice) {
    return advice.inputs.choice(choice).origin == Origin::assumed;
  };
  if (advises_tuning(verdict)) {
    if (assumed(Choice::pii))
      advice.conditions.push_back(
          "look for personal data in the rows first (attune data check --pii report)");
    if (assumed(Choice::licence))
      advice.conditions.push_back("read the licence of the base: may it be tuned and used so?");
    if (assumed(Choice::retrainer))
      advice.conditions.push_back("name who trains the model again, and when");
    if (advice.inputs.number(&Variables::base_days_left).origin == Origin::assumed &&
        advice.middle.economics.tuned == Arm::tuned_provider)
      advice.conditions.push_back("ask when the provider withdraws the base (base_retires)");
    if (advice.inputs.choice(Choice::gap).origin == Origin::report &&
        advice.middle.economics.tuned == Arm::tuned_provider)
      advice.conditions.push_back(
          "the gain is that of the report's model: measure it again on the provider's");
  }
  if (advice.middle.situation[Choice::facts] == answer::facts_changing &&
      verdict != Choose::inconclusive)
    advice.conditions.push_back(
        "keep the index as new as the facts are: its age bounds the answers");
  if (advice.evidence.rows_with_personal_data > 0)
    advice.conditions.push_back(fmt::format("{} training rows hold what looks like personal data",
                                            advice.evidence.rows_with_personal_data));
}

std::string subject_of(Arm arm) {
  switch (arm) {
    case Arm::now:
      break;
    case Arm::prompt:
      return "A better prompt";
    case Arm::constrained:
      return "Constrained decoding";
    case Arm::rag:
      return "RAG";
    case Arm::tuned_provider:
      return "A tuned model at a provider";
    case Arm::tuned_own:
      return "A tuned model on a machine of your own";
    case Arm::tuned_rag:
      return "A tuned model with RAG";
  }
  return "To go on as today";
}

void compute_thresholds(Advice& advice) {
  const Variables& v = advice.middle.variables;
  const Economics& economics = advice.middle.economics;
  const ArmMoney& tuned = economics.arm(economics.tuned);
  // What must come back within the payback: the one-off cost, and the keeping of the model.
  const double due = tuned.one_off + v.payback_days * (tuned.daily.host + tuned.daily.upkeep);
  const double markup = economics.tuned == Arm::tuned_own ? 0 : v.tuned_markup;
  advice.prompt_tokens_a_day = {
      .computed = token_threshold(due, v.payback_days, v.input_price, v.prompt_saved, markup),
      .preset = kPresetPromptTokensADay,
      .now = v.requests_per_day * v.prompt_tokens};
  advice.rework_share = {
      .computed = labour_threshold(due, v.payback_days, v.team_hours, v.wage, v.rework_cut),
      .preset = kPresetReworkShare,
      .now = v.requests_per_day * v.rework * v.fix_minutes / 60 / v.team_hours};
  advice.hosting = self_hosting(v);
}

}  // namespace

std::string_view confidence_name(Confidence confidence) {
  switch (confidence) {
    case Confidence::low:
      return "low";
    case Confidence::medium:
      return "medium";
    case Confidence::high:
      return "high";
  }
  return "";
}

std::optional<std::chrono::sys_days> Advice::break_even_date() const {
  constexpr double kTooFar = 365.0 * 200;
  if (!(money.break_even_days < kTooFar)) return std::nullopt;
  return today + std::chrono::days(static_cast<int>(std::ceil(money.break_even_days)));
}

std::string Advice::sentence_of_money() const {
  const std::string who = subject_of(focus.arm);
  const std::string against = focus.over_rag ? "over RAG alone" : "over today's answers";
  const std::string once = advise::money(money.one_off);
  if (money.saved_a_day <= 0) {
    return fmt::format("{} costs {} once and saves nothing {}: it costs {} a day more.", who, once,
                       against, advise::money(-money.saved_a_day));
  }
  const std::optional<std::chrono::sys_days> date = break_even_date();
  const std::string when = date ? fmt::format("breaks even after {} days, on {}",
                                              rounded(money.break_even_days), date_text(*date))
                                : std::string("does not break even within a lifetime");
  return fmt::format(
      "{} costs {} once, saves {} a day {} and {}; over {:.0f} months it is worth {}.", who, once,
      advise::money(money.saved_a_day), against, when, middle.variables.horizon_months,
      advise::money(money.net_present_value));
}

Advice make_advice(const Inputs& inputs, const AdviceOptions& options, Evidence evidence) {
  Advice advice;
  advice.today = options.today;
  advice.inputs = inputs;
  advice.evidence = std::move(evidence);
  advice.middle = make_case(inputs.middle(), inputs.situation());
  decide(advice, options.draws);
  advice.flips = find_flip_points(inputs, advice.focus);
  advice.choice_flips = find_choice_flips(inputs);
  compute_thresholds(advice);
  judge_confidence(advice);
  add_conditions(advice);
  return advice;
}

}  // namespace attune::advise
