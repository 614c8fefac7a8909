#include <cmath>

#include "advise/page.h"

namespace attune::advise {

namespace {

// No end has no JSON form.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

Json to_json(const stats::Estimate& range) {
  return {{"value", number(range.value)}, {"low", number(range.low)}, {"high", number(range.high)}};
}

Json to_json(const Quantiles& q) {
  return {{"p5", number(q.p5)},
          {"p25", number(q.p25)},
          {"p50", number(q.p50)},
          {"p75", number(q.p75)},
          {"p95", number(q.p95)}};
}

Json to_json(const std::optional<Flip>& flip) {
  if (!flip) return nullptr;
  return {{"value", flip->value}, {"verdict", choose_name(flip->to)}};
}

Json arms_json(const Advice& advice) {
  Json arms = Json::array();
  for (std::size_t i = 0; i < kArms; ++i) {
    const auto which = static_cast<Arm>(i);
    const ArmMoney& arm = advice.middle.economics.arm(which);
    arms.push_back({{"arm", arm_name(which)},
                    {"one_off", arm.one_off},
                    {"daily",
                     {{"total", arm.daily.total()},
                      {"tokens", arm.daily.tokens},
                      {"labour", arm.daily.labour},
                      {"errors", arm.daily.errors},
                      {"host", arm.daily.host},
                      {"upkeep", arm.daily.upkeep}}},
                    {"break_even_days", number(arm.break_even_days)},
                    {"net_present_value", arm.net_present_value},
                    {"accepted_share", arm.accepted_share},
                    {"cost_per_accepted", number(arm.cost_per_accepted)},
                    {"machines", arm.machines}});
  }
  return arms;
}

Json path_json(const Advice& advice) {
  Json path = Json::array();
  for (const Step& step : advice.decided.path) {
    path.push_back({{"node", step.node->id},
                    {"question", step.node->question},
                    {"answer", step.reply == Reply::yes  ? "yes"
                               : step.reply == Reply::no ? "no"
                                                         : "open"},
                    {"because", step.because}});
  }
  return path;
}

Json inputs_json(const Advice& advice) {
  Json inputs = Json::array();
  for (const FlipPoint& flip : advice.flips) {
    inputs.push_back({{"name", flip.spec->name},
                      {"unit", flip.spec->unit},
                      {"range", to_json(flip.input.range)},
                      {"origin", origin_name(flip.input.origin)},
                      {"note", flip.input.note},
                      {"flips_below", to_json(flip.below)},
                      {"flips_above", to_json(flip.above)},
                      {"flips_inside", flip.inside},
                      {"worth_at_low", number(flip.value_at_low)},
                      {"worth_at_high", number(flip.value_at_high)}});
  }
  return inputs;
}

Json choices_json(const Advice& advice) {
  Json choices = Json::array();
  for (const ChoiceSpec& spec : choice_specs()) {
    const ChoiceInput& input = advice.inputs.choice(spec.choice);
    Json others = Json::object();
    for (const ChoiceFlip& flip : advice.choice_flips) {
      if (flip.choice == spec.choice) others[std::string(flip.answer)] = choose_name(flip.to);
    }
    choices.push_back({{"name", spec.name},
                       {"answer", spec.answers[static_cast<std::size_t>(input.answer)]},
                       {"origin", origin_name(input.origin)},
                       {"note", input.note},
                       {"other_verdicts", std::move(others)}});
  }
  return choices;
}

Json to_json(const Knowledge& found) {
  return {{"answers", found.answers},
          {"with_facts", found.with_facts},
          {"own", found.own},
          {"own_share", to_json(found.own_share)},
          {"asks_for_retrieval", found.asks_for_retrieval()},
          {"samples", found.samples}};
}

Json to_json(const LogFigures& log) {
  return {
      {"name", log.name},
      {"requests", log.requests},
      {"passed_over", log.passed_over},
      {"days", number(log.days)},
      {"requests_per_day", log.requests_per_day ? to_json(*log.requests_per_day) : Json(nullptr)},
      {"prompt_tokens", to_json(log.prompt_tokens)},
      {"output_tokens", to_json(log.output_tokens)},
      {"counted_share", log.counted_share},
      {"cached_share", number(log.cached_share)},
      {"repeated_prefix_share", number(log.repeated_share)},
      {"knowledge", to_json(log.knowledge)}};
}

Json prices_json(const Advice& advice) {
  if (!advice.evidence.prices) return nullptr;
  const PricesUsed& used = *advice.evidence.prices;
  Json prices = Json::array();
  for (const Price& price : used.prices) {
    prices.push_back({{"provider", price.provider},
                      {"model", price.model},
                      {"kind", price.kind},
                      {"price", price.price},
                      {"date", date_text(price.retrieved)},
                      {"age_days", (advice.today - price.retrieved).count()},
                      {"confidence", price.confidence},
                      {"source_url", price.source},
                      {"note", price.note}});
  }
  return {{"model", used.model},
          {"list", used.list},
          {"prices", std::move(prices)},
          {"warnings", used.warnings}};
}

Json evidence_json(const Evidence& evidence) {
  Json report = nullptr;
  if (evidence.report) {
    report = {{"name", evidence.report->name},
              {"items", evidence.report->items},
              {"decision", evidence.report->decision},
              {"headline", evidence.report->headline},
              {"reasons", evidence.report->reasons}};
  }
  Json rows = nullptr;
  if (evidence.rows) {
    rows = {{"name", evidence.rows->name},
            {"knowledge", to_json(evidence.rows->knowledge)},
            {"rows_with_personal_data", evidence.rows_with_personal_data}};
  }
  return {{"report", std::move(report)},
          {"log", evidence.log ? to_json(*evidence.log) : Json(nullptr)},
          {"rows", std::move(rows)}};
}

Json to_json(const Threshold& threshold) {
  return {{"computed", number(threshold.computed)},
          {"preset", threshold.preset},
          {"now", threshold.now}};
}

Json draws_json(const Advice& advice) {
  const Draws& draws = advice.draws;
  Json shares = Json::object();
  for (std::size_t i = 0; i < kChoose; ++i)
    shares[std::string(choose_name(static_cast<Choose>(i)))] = draws.verdicts[i];
  return {{"count", draws.count},
          {"in_time", draws.in_time},
          {"pays", draws.pays},
          {"break_even_days", to_json(draws.break_even_days)},
          {"saved_a_day", to_json(draws.saved_a_day)},
          {"net_present_value", to_json(draws.net_present_value)},
          {"verdicts", std::move(shares)}};
}

}  // namespace

Json advice_json(const Advice& advice) {
  const Leaf& leaf = *advice.decided.leaf;
  const std::optional<std::chrono::sys_days> date = advice.break_even_date();
  const SelfHosting& hosting = advice.hosting;
  return {{"version", kAdviceVersion},
          {"date", date_text(advice.today)},
          {"verdict", choose_name(leaf.choose)},
          {"leaf", leaf.id},
          {"sentences", {leaf.sentence, advice.sentence_of_money()}},
          {"reason", leaf.reason},
          {"source", leaf.source},
          {"confidence", confidence_name(advice.confidence)},
          {"doubts", advice.doubts},
          {"conditions", advice.conditions},
          {"path", path_json(advice)},
          {"money",
           {{"arm", arm_name(advice.focus.arm)},
            {"against", advice.focus.over_rag ? "rag" : "now"},
            {"currency", "USD"},
            {"one_off", advice.money.one_off},
            {"saved_a_day", advice.money.saved_a_day},
            {"break_even_days", number(advice.money.break_even_days)},
            {"break_even_date", date ? Json(date_text(*date)) : Json(nullptr)},
            {"net_present_value", advice.money.net_present_value}}},
          {"arms", arms_json(advice)},
          {"thresholds",
           {{"prompt_tokens_a_day", to_json(advice.prompt_tokens_a_day)},
            {"rework_share_of_team_hours", to_json(advice.rework_share)}}},
          {"own_machine",
           {{"tokens_per_second", hosting.tokens_per_second},
            {"utilisation", hosting.utilisation},
            {"price_per_1M_tokens", number(hosting.own_price)},
            {"provider_price_per_1M_tokens", number(hosting.provider_price)},
            {"parity_utilisation", number(hosting.parity)}}},
          {"draws", draws_json(advice)},
          {"choices", choices_json(advice)},
          {"inputs", inputs_json(advice)},
          {"evidence", evidence_json(advice.evidence)},
          {"prices", prices_json(advice)},
          {"exit_code", advice.exit_code()}};
}

}  // namespace attune::advise
