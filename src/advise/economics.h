// What each way of answering costs, and when a one-off cost comes back.
//
//   const Economics money = compute_economics(variables);
//   money.arm(Arm::tuned).break_even_days
//
// For an arm a (the letters are those of variables.h):
//
//   daily cost   K_a = R [ (P_a ((1 - h_a) p_in + h_a p_cache) + O p_out) m_a / 1e6
//                          + e_a t_fix w / 60 + u_a c_err ] + 24 C_host + upkeep
//   one-off      F   = T_tok p_tr C_exp / 1e6 + C_data + C_eval     (at a provider)
//                F   = hours C_host C_exp + C_data + C_eval         (on a machine of one's own)
//   break-even   F / (K_0 - K_a) days, never where K_a >= K_0
//   value        NPV = -F + sum over the months of the horizon of 365/12 (K_0 - K_a) / (1 + i)^t,
//                less C_retrain / (1 + i)^t at the end of every life within it; for a tuned model
//                the months end when its base is withdrawn, a month begun in part counts in part
//   accepted     K_a / (R (1 - e_a - u_a)), the cost of an output that needs no hand
//
// On a machine of one's own tokens cost nothing and machines = max(1, seconds of work a day /
// 86,400, rounded up). All of these are functions of a point; monte_carlo.h draws many.
#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string_view>

#include "advise/variables.h"

namespace attune::advise {

inline constexpr double kNever = std::numeric_limits<double>::infinity();

// Ways of answering: as today; with a better prompt; today's with constrained decoding; with
// retrieval; tuned, at a provider or on a machine of one's own; tuned with retrieval, where the
// tuned one is cheaper.
enum class Arm { now, prompt, constrained, rag, tuned_provider, tuned_own, tuned_rag };
inline constexpr std::size_t kArms = 7;
std::string_view arm_name(Arm arm);   // "tuned_own"
std::string_view arm_words(Arm arm);  // "tuned, own machine"

struct DailyCost {
  double tokens = 0, labour = 0, errors = 0, host = 0, upkeep = 0;
  double total() const { return tokens + labour + errors + host + upkeep; }
};

struct ArmMoney {
  DailyCost daily;
  double one_off = 0;
  double break_even_days = kNever;  // against today; 0 for today itself
  double net_present_value = 0;     // against today
  double accepted_share = 0;
  double cost_per_accepted = 0;  // infinite where no output is accepted
  double machines = 0;           // of one's own
};

struct Economics {
  std::array<ArmMoney, kArms> arms;
  Arm tuned = Arm::tuned_own;  // the better of the two that the situation allows
  const ArmMoney& arm(Arm which) const { return arms[static_cast<std::size_t>(which)]; }
};

// `host` is an answer::Host: where a tuned model may run.
Economics compute_economics(const Variables& v, int host = answer::host_any);

// The same for one arm that replaces another: tuned with retrieval instead of retrieval alone.
struct Replacement {
  double one_off = 0, saved_a_day = 0, break_even_days = kNever, net_present_value = 0;
};
Replacement replace(const ArmMoney& before, const ArmMoney& after, const Variables& v);

double break_even_days(double one_off, double saved_a_day);
// Over the months of the horizon, or over `days` of use where these end sooner.
double net_present_value(double one_off, double retraining, double saved_a_day, const Variables& v,
                         double days = kNever);

// Prompt tokens a day above which the saved ones pay back `one_off` within `days`:
// F 1e6 / (D (p_in - (1 - s) m p_in)). None unless s > 1 - 1/m.
std::optional<double> token_threshold(double one_off, double days, double input_price,
                                      double prompt_saved, double markup);
// The share of `hours_a_day` spent on rework above which the saved work pays back `one_off`:
// F / (D hours w (1 - e1/e0)). None where tuning ends no rework.
std::optional<double> labour_threshold(double one_off, double days, double hours_a_day, double wage,
                                       double rework_cut);

// $ for 1M tokens on a machine of one's own that is busy for a share `utilisation`:
// 1e6 C_host / (3600 tok/s utilisation).
double self_host_price(double host_per_hour, double tokens_per_second, double utilisation);
// The utilisation at which that equals `price`; above 1 the provider is cheaper at any load.
double parity_utilisation(double host_per_hour, double tokens_per_second, double price);

// A machine of one's own under the tuned model's load.
struct SelfHosting {
  double tokens_per_second = 0;  // prompt and output together, as this load mixes them
  double utilisation = 0;        // of one machine; above 1 takes several
  double own_price = 0;          // $ for 1M tokens at that utilisation
  double provider_price = 0;     // $ for 1M tokens of the same mix, markup included
  double parity = 0;
};
SelfHosting self_hosting(const Variables& v);

// The rules of thumb that are shown beside what was computed.
inline constexpr double kPresetPromptTokensADay = 50'000;
inline constexpr double kPresetReworkShare = 0.15;

}  // namespace attune::advise
