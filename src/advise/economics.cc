#include "advise/economics.h"

#include <algorithm>
#include <cmath>

namespace attune::advise {

namespace {

constexpr double kDaysAMonth = 365.0 / 12;

// One arm before its money: P_a, cached tokens, m_a, e_a, u_a and what is paid besides.
struct Shape {
  double prompt_tokens = 0;
  double cached_tokens = 0;
  double markup = 1;
  double rework_left = 1;      // share of e0
  double undetected_left = 1;  // share of u0
  double host_per_hour = 0;
  double upkeep_hours = 0;  // a month
  double one_off = 0;
  double retraining = 0;
};

ArmMoney price_arm(const Variables& v, const Shape& shape) {
  const double price_cached = v.input_price * (1 - v.cached_discount);
  const double input = (shape.prompt_tokens - shape.cached_tokens) * v.input_price +
                       shape.cached_tokens * price_cached;
  const double rework = std::clamp(v.rework * shape.rework_left, 0.0, 1.0);
  const double undetected = std::clamp(v.undetected * shape.undetected_left, 0.0, 1.0);
  ArmMoney money;
  money.daily.tokens =
      v.requests_per_day * (input + v.output_tokens * v.output_price) * shape.markup / 1e6;
  money.daily.labour = v.requests_per_day * rework * v.fix_minutes * v.wage / 60;
  money.daily.errors = v.requests_per_day * undetected * v.error_cost;
  money.daily.host = 24 * shape.host_per_hour;
  money.daily.upkeep = shape.upkeep_hours * v.wage / kDaysAMonth;
  money.one_off = shape.one_off;
  money.accepted_share = std::max(0.0, 1 - rework - undetected);
  const double accepted = v.requests_per_day * money.accepted_share;
  money.cost_per_accepted = accepted > 0 ? money.daily.total() / accepted : kNever;
  return money;
}

double seconds_of_work(const Variables& v, double prompt_tokens) {
  return v.requests_per_day * (prompt_tokens / v.prefill_speed + v.output_tokens / v.decode_speed);
}

double machines_for(const Variables& v, double prompt_tokens) {
  return std::max(1.0, std::ceil(seconds_of_work(v, prompt_tokens) / 86400));
}

struct TunedPlan {
  Shape shape;
  double machines = 0;
};

// Training on `prompt_tokens` a row, and answering with it.
TunedPlan at_provider(const Variables& v, Shape shape) {
  const double tokens = v.examples * (shape.prompt_tokens + v.output_tokens) * v.epochs;
  shape.markup = v.tuned_markup;
  shape.one_off += tokens * v.training_price * v.runs / 1e6;
  shape.retraining = shape.one_off * v.retrain_share;
  return {.shape = shape, .machines = 0};
}

TunedPlan on_own_machine(const Variables& v, Shape shape) {
  const double machines = machines_for(v, shape.prompt_tokens);
  shape.markup = 0;
  shape.host_per_hour += machines * v.host_per_hour;
  shape.one_off += v.training_hours * v.host_per_hour * v.runs;
  shape.retraining = shape.one_off * v.retrain_share;
  return {.shape = shape, .machines = machines};
}

Shape tuned_shape(const Variables& v) {
  const double saved = v.prompt_tokens * v.prompt_saved;
  return {.prompt_tokens = v.prompt_tokens - saved,
          // What goes first is the repeated beginning, which is what is cached.
          .cached_tokens = std::max(0.0, v.prompt_tokens * v.cached_share - saved),
          .markup = 1,
          .rework_left = 1 - v.rework_cut,
          .undetected_left = 1 - v.undetected_cut,
          .host_per_hour = 0,
          .upkeep_hours = v.upkeep_hours,
          .one_off = (v.curation_hours + v.evaluation_hours) * v.wage,
          .retraining = 0};
}

// `days` of use: a tuned model goes with its base.
void compare_with_today(const Variables& v, const ArmMoney& now, double retraining, double days,
                        ArmMoney& arm) {
  const double saved = now.daily.total() - arm.daily.total();
  arm.break_even_days = break_even_days(arm.one_off, saved);
  arm.net_present_value = net_present_value(arm.one_off, retraining, saved, v, days);
}

Shape today_shape(const Variables& v) {
  Shape shape;
  shape.prompt_tokens = v.prompt_tokens;
  shape.cached_tokens = v.prompt_tokens * v.cached_share;
  return shape;
}

}  // namespace

std::string_view arm_name(Arm arm) {
  constexpr std::array<std::string_view, kArms> kNames = {
      "now", "prompt", "constrained", "rag", "tuned_provider", "tuned_own", "tuned_rag"};
  return kNames[static_cast<std::size_t>(arm)];
}

std::string_view arm_words(Arm arm) {
  constexpr std::array<std::string_view, kArms> kWords = {
      "as today",        "better prompt",      "constrained decoding", "RAG",
      "tuned, provider", "tuned, own machine", "tuned + RAG"};
  return kWords[static_cast<std::size_t>(arm)];
}

double break_even_days(double one_off, double saved_a_day) {
  if (!(saved_a_day > 0)) return kNever;
  return one_off / saved_a_day;
}

double net_present_value(double one_off, double retraining, double saved_a_day, const Variables& v,
                         double days) {
  const double monthly = std::pow(1 + v.discount_rate, 1.0 / 12);
  const double months = std::min(v.horizon_months, days / kDaysAMonth);
  const auto whole = static_cast<int>(std::floor(months));
  double value = -one_off;
  for (int month = 1; month <= whole; ++month)
    value += saved_a_day * kDaysAMonth / std::pow(monthly, month);
  value += saved_a_day * kDaysAMonth * (months - whole) / std::pow(monthly, months);
  for (double end = v.life_months; retraining > 0 && end < months; end += v.life_months)
    value -= retraining / std::pow(monthly, end);
  return value;
}

Economics compute_economics(const Variables& v, int host) {
  Economics economics;
  const auto put = [&](Arm which, const Shape& shape, double machines = 0) {
    ArmMoney& arm = economics.arms[static_cast<std::size_t>(which)];
    arm = price_arm(v, shape);
    arm.machines = machines;
    const bool is_tuned =
        which == Arm::tuned_provider || which == Arm::tuned_own || which == Arm::tuned_rag;
    const double days = is_tuned ? v.base_days_left : kNever;
    compare_with_today(v, economics.arm(Arm::now), shape.retraining, days, arm);
  };
  const Shape today = today_shape(v);
  put(Arm::now, today);
  economics.arms[0].break_even_days = 0;

  Shape prompt = today;
  prompt.prompt_tokens += v.shot_tokens;
  prompt.rework_left = prompt.undetected_left = 1 - v.prompt_cut;
  prompt.one_off = v.prompt_hours * v.wage;
  put(Arm::prompt, prompt);

  Shape constrained = today;
  constrained.rework_left = 1 - v.form_share;
  constrained.one_off = v.grammar_hours * v.wage;
  put(Arm::constrained, constrained);

  Shape rag = today;
  rag.prompt_tokens += v.retrieved_tokens;
  rag.rework_left = rag.undetected_left = 1 - v.rag_cut;
  rag.host_per_hour = v.rag_per_hour;
  rag.upkeep_hours = v.upkeep_hours;
  rag.one_off = v.index_hours * v.wage;
  put(Arm::rag, rag);

  const TunedPlan provider = at_provider(v, tuned_shape(v));
  const TunedPlan own = on_own_machine(v, tuned_shape(v));
  put(Arm::tuned_provider, provider.shape);
  put(Arm::tuned_own, own.shape, own.machines);
  const bool own_is_better = economics.arm(Arm::tuned_own).net_present_value >=
                             economics.arm(Arm::tuned_provider).net_present_value;
  const bool on_own = host == answer::host_own || (host == answer::host_any && own_is_better);
  economics.tuned = on_own ? Arm::tuned_own : Arm::tuned_provider;

  Shape both = tuned_shape(v);
  both.prompt_tokens += v.retrieved_tokens;
  both.rework_left *= 1 - v.rag_cut;
  both.undetected_left *= 1 - v.rag_cut;
  both.host_per_hour = v.rag_per_hour;
  both.upkeep_hours *= 2;
  TunedPlan tuned_rag = on_own ? on_own_machine(v, both) : at_provider(v, both);
  tuned_rag.shape.one_off += v.index_hours * v.wage;  // stays when the model is trained again
  put(Arm::tuned_rag, tuned_rag.shape, tuned_rag.machines);
  return economics;
}

Replacement replace(const ArmMoney& before, const ArmMoney& after, const Variables& v) {
  Replacement result;
  result.one_off = std::max(0.0, after.one_off - before.one_off);
  result.saved_a_day = before.daily.total() - after.daily.total();
  result.break_even_days = break_even_days(result.one_off, result.saved_a_day);
  result.net_present_value = net_present_value(result.one_off, result.one_off * v.retrain_share,
                                               result.saved_a_day, v, v.base_days_left);
  return result;
}

std::optional<double> token_threshold(double one_off, double days, double input_price,
                                      double prompt_saved, double markup) {
  const double saved_price = input_price - (1 - prompt_saved) * markup * input_price;
  if (!(saved_price > 0)) return std::nullopt;
  return one_off * 1e6 / (days * saved_price);
}

std::optional<double> labour_threshold(double one_off, double days, double hours_a_day, double wage,
                                       double rework_cut) {
  const double saved = days * hours_a_day * wage * rework_cut;
  if (!(saved > 0)) return std::nullopt;
  return one_off / saved;
}

double self_host_price(double host_per_hour, double tokens_per_second, double utilisation) {
  if (!(utilisation > 0)) return kNever;
  return 1e6 * host_per_hour / (3600 * tokens_per_second * utilisation);
}

double parity_utilisation(double host_per_hour, double tokens_per_second, double price) {
  return self_host_price(host_per_hour, tokens_per_second, 1) / price;
}

SelfHosting self_hosting(const Variables& v) {
  const double prompt = v.prompt_tokens * (1 - v.prompt_saved);
  const double tokens = prompt + v.output_tokens;
  SelfHosting result;
  result.tokens_per_second = tokens / (prompt / v.prefill_speed + v.output_tokens / v.decode_speed);
  result.utilisation = seconds_of_work(v, prompt) / 86400;
  const double share_of_busiest = result.utilisation / machines_for(v, prompt);
  result.own_price = self_host_price(v.host_per_hour, result.tokens_per_second, share_of_busiest);
  result.provider_price =
      (prompt * v.input_price + v.output_tokens * v.output_price) * v.tuned_markup / tokens;
  result.parity =
      parity_utilisation(v.host_per_hour, result.tokens_per_second, result.provider_price);
  return result;
}

}  // namespace attune::advise
