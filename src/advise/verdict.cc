#include "advise/verdict.h"

#include <algorithm>

#include <fmt/format.h>

#include "eval/words.h"
#include "stats/power.h"

namespace attune::advise {

namespace {

using eval::ArmSummary;
using eval::Comparison;
using eval::Decision;
using eval::Gate;
using eval::GateState;
using eval::PairedComparison;
using eval::Verdict;

struct Finding {
  bool better = false;
  bool worse = false;
  bool no_gain = false;
};

Finding judge(const stats::Estimate& difference, const Thresholds& thresholds) {
  return {.better = difference.low > 0 && difference.value >= thresholds.least_gain,
          .worse = difference.high < 0 && difference.value <= -thresholds.harm_margin,
          .no_gain = difference.high < thresholds.least_gain};
}

const ArmSummary* best_prompting_arm(const Comparison& comparison) {
  const ArmSummary* best = nullptr;
  double best_sum = -1;
  for (const ArmSummary& arm : comparison.arms) {
    const double sum = arm.format_compliance.value + arm.domain_accuracy.value;
    if (arm.name == comparison.subject || sum <= best_sum) continue;
    best = &arm;
    best_sum = sum;
  }
  return best;
}

const PairedComparison* find_pair(const Comparison& comparison, const std::string& other) {
  for (const PairedComparison& pair : comparison.comparisons) {
    if (pair.other == other) return &pair;
  }
  return nullptr;
}

Gate gate(std::string name, const ArmSummary& arm, double required,
          const stats::Estimate& measured) {
  GateState state = GateState::missed;
  if (measured.value >= required)
    state = measured.low >= required ? GateState::met : GateState::unproven;
  return {.name = std::move(name),
          .arm = arm.name,
          .required = required,
          .measured = measured,
          .state = state};
}

std::vector<Gate> gates_of(const ArmSummary& arm, const Requirements& requirements) {
  std::vector<Gate> gates;
  if (requirements.format_compliance) {
    gates.push_back(
        gate("format compliance", arm, *requirements.format_compliance, arm.format_compliance));
  }
  if (requirements.domain_accuracy) {
    gates.push_back(
        gate("domain accuracy", arm, *requirements.domain_accuracy, arm.domain_accuracy));
  }
  if (requirements.exact_match) {
    gates.push_back(gate("exact match", arm, *requirements.exact_match, arm.exact_match));
  }
  return gates;
}

bool meets_all(const ArmSummary& arm, const Requirements& requirements) {
  const std::vector<Gate> gates = gates_of(arm, requirements);
  return !gates.empty() && std::all_of(gates.begin(), gates.end(),
                                       [](const Gate& one) { return one.state == GateState::met; });
}

std::string prompting(const ArmSummary& arm) { return eval::display_name(arm.name) + " prompting"; }

std::string describe_difference(std::string_view measure, const stats::Estimate& tuned,
                                const stats::Estimate& other, const stats::Estimate& difference,
                                const ArmSummary& arm) {
  return fmt::format("{}: tuned {}, {} {}; difference {}.", measure, eval::percent_interval(tuned),
                     prompting(arm), eval::percent_interval(other),
                     eval::points_interval(difference));
}

// What was measured, before any judgement.
void add_evidence(const ArmSummary& tuned, const ArmSummary& other, const PairedComparison& pair,
                  std::int64_t n, Verdict& verdict) {
  verdict.reasons.push_back(describe_difference("Format compliance", tuned.format_compliance,
                                                other.format_compliance,
                                                pair.format_compliance.difference, other));
  verdict.reasons.push_back(describe_difference("Domain accuracy", tuned.domain_accuracy,
                                                other.domain_accuracy,
                                                pair.domain_accuracy_difference, other));
  const auto test = [&](std::string_view measure, const eval::RateComparison& rates) {
    return fmt::format("{} differs on {} of {} items ({} for tuned, {} for {}; exact McNemar {})",
                       measure, rates.counts.first_only + rates.counts.second_only, n,
                       rates.counts.first_only, rates.counts.second_only,
                       eval::display_name(other.name), eval::p_value(rates.p));
  };
  verdict.reasons.push_back(test("Compliance", pair.format_compliance) + "; " +
                            test("exact match", pair.exact_match) + ".");
  if (tuned.prompt_tokens > 0 && other.prompt_tokens > 0) {
    verdict.reasons.push_back(fmt::format(
        "A tuned answer reads {:.0f} prompt tokens, {} {:.0f}; median latency {} against {}.",
        tuned.prompt_tokens, prompting(other), other.prompt_tokens,
        eval::milliseconds(tuned.latency_ms.median), eval::milliseconds(other.latency_ms.median)));
  }
}

void conclude_fine_tune(const ArmSummary& tuned, const ArmSummary& other,
                        const Thresholds& thresholds, Verdict& verdict) {
  verdict.decision = Decision::fine_tune;
  verdict.recommended_arm = tuned.name;
  verdict.headline = fmt::format(
      "Fine-tune: the tuned model beats {} by more than chance explains.", prompting(other));
  if (tuned.format_compliance.low < thresholds.good_enough) {
    verdict.reasons.push_back(
        fmt::format("Mind the rest: {} of the tuned answers break the format, so whatever reads "
                    "them must check each one.",
                    eval::percent(1 - tuned.format_compliance.value)));
  }
}

void conclude_prompting(const ArmSummary& other, const std::string& because, Verdict& verdict) {
  verdict.decision = Decision::prompting_is_enough;
  verdict.recommended_arm = other.name;
  std::string name = prompting(other);
  name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  verdict.headline = name + " is enough: " + because;
}

void conclude_do_not(std::string because, const std::string& arm, Verdict& verdict) {
  verdict.decision = Decision::do_not_fine_tune;
  verdict.recommended_arm = arm;
  verdict.headline = "Do not fine-tune: " + std::move(because);
}

void conclude_inconclusive(std::string because, Verdict& verdict) {
  verdict.decision = Decision::inconclusive;
  verdict.recommended_arm.clear();
  verdict.headline = "Inconclusive: " + std::move(because);
}

// Rule 6: how many items would settle a gain of `least_gain`, from the share of items on which the
// arms disagree.
void conclude_too_few(const PairedComparison& pair, std::int64_t n, const Thresholds& thresholds,
                      Verdict& verdict) {
  conclude_inconclusive("the intervals allow both a gain worth having and none.", verdict);
  const auto discordant = [n](const eval::RateComparison& rates) {
    return static_cast<double>(rates.counts.first_only + rates.counts.second_only) /
           static_cast<double>(n);
  };
  const double psi = std::max(discordant(pair.format_compliance), discordant(pair.exact_match));
  const std::int64_t needed = stats::items_needed(psi, thresholds.least_gain);
  if (needed > n) {
    verdict.reasons.push_back(
        fmt::format("The arms disagree on {} of the items; about {} held-out items (now {}) would "
                    "show a gain of {:.0f} points with 80 % power.",
                    eval::percent(psi), needed, n, thresholds.least_gain * 100));
  }
}

void apply_rules(const Comparison& comparison, const ArmSummary& tuned, const ArmSummary& other,
                 const PairedComparison& pair, const Requirements& requirements,
                 const Thresholds& thresholds, Verdict& verdict) {
  const Finding format = judge(pair.format_compliance.difference, thresholds);
  const Finding domain = judge(pair.domain_accuracy_difference, thresholds);
  const std::vector<double> adjusted =
      stats::holm_adjusted({pair.format_compliance.p, pair.exact_match.p});
  const bool tested = std::min(adjusted[0], adjusted[1]) < thresholds.significance;
  const bool better = format.better || domain.better;
  const bool worse = format.worse || domain.worse;
  if (meets_all(other, requirements)) {
    conclude_prompting(other, "it meets every required bar without training.", verdict);
  } else if (better && !worse && tested) {
    conclude_fine_tune(tuned, other, thresholds, verdict);
  } else if (better && worse) {
    conclude_inconclusive("the tuned model gains in one measure and loses in the other.", verdict);
  } else if (worse) {
    conclude_do_not(fmt::format("the tuned model is worse than {}.", prompting(other)), other.name,
                    verdict);
  } else if (format.no_gain && domain.no_gain) {
    if (other.format_compliance.value >= thresholds.good_enough &&
        other.domain_accuracy.value >= thresholds.good_enough) {
      conclude_prompting(
          other, fmt::format("tuning gains less than {:.0f} points.", thresholds.least_gain * 100),
          verdict);
    } else {
      conclude_do_not(
          fmt::format("it gains less than {:.0f} points over {}, and neither is good yet.",
                      thresholds.least_gain * 100, prompting(other)),
          other.name, verdict);
      verdict.reasons.push_back(
          "More or better examples, or a larger base model, come before another run like this "
          "one.");
    }
  } else {
    conclude_too_few(pair, comparison.n, thresholds, verdict);
  }
}

void apply_gates(const Comparison& comparison, const ArmSummary& tuned,
                 const Requirements& requirements, Verdict& verdict) {
  const ArmSummary* arm = verdict.decision == Decision::prompting_is_enough
                              ? eval::find_arm(comparison, verdict.recommended_arm)
                              : &tuned;
  verdict.gates = gates_of(*arm, requirements);
  bool missed = false;
  bool unproven = false;
  for (const Gate& one : verdict.gates) {
    missed = missed || one.state == GateState::missed;
    unproven = unproven || one.state == GateState::unproven;
  }
  const bool open = unproven || verdict.decision == Decision::inconclusive;
  verdict.exit_code = missed ? 1 : open ? 3 : 0;
}

}  // namespace

Verdict decide(const Comparison& comparison, const Requirements& requirements,
               const Thresholds& thresholds) {
  Verdict verdict;
  verdict.least_gain = thresholds.least_gain;
  verdict.harm_margin = thresholds.harm_margin;
  verdict.significance = thresholds.significance;
  const ArmSummary* tuned = eval::find_arm(comparison, comparison.subject);
  const ArmSummary* other = best_prompting_arm(comparison);
  const PairedComparison* pair = other == nullptr ? nullptr : find_pair(comparison, other->name);
  if (tuned == nullptr || pair == nullptr) {
    conclude_inconclusive(
        "a tuned arm and at least one prompting arm on the same items are needed.", verdict);
    if (tuned != nullptr) apply_gates(comparison, *tuned, requirements, verdict);
    return verdict;
  }
  add_evidence(*tuned, *other, *pair, comparison.n, verdict);
  apply_rules(comparison, *tuned, *other, *pair, requirements, thresholds, verdict);
  apply_gates(comparison, *tuned, requirements, verdict);
  return verdict;
}

Verdict check_bars(const Comparison& comparison, const Requirements& requirements) {
  Verdict verdict;
  verdict.decision = Decision::none;
  const ArmSummary* subject = eval::find_arm(comparison, comparison.subject);
  if (subject == nullptr) return verdict;
  verdict.recommended_arm = subject->name;
  apply_gates(comparison, *subject, requirements, verdict);
  const std::string name = eval::display_name(subject->name);
  switch (verdict.exit_code) {
    case 0:
      verdict.headline = verdict.gates.empty()
                             ? "No bar is required and there is nothing to decide: figures only."
                             : fmt::format("{} meets every required bar.", name);
      break;
    case 1:
      verdict.headline = fmt::format("{} misses a required bar.", name);
      break;
    default:
      verdict.headline =
          fmt::format("Inconclusive: {} meets the bars by its values, not by its intervals.", name);
  }
  return verdict;
}

}  // namespace attune::advise
