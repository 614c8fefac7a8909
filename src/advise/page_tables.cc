// The tables of the page, as cells.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "advise/page.h"
#include "advise/words.h"
#include "eval/words.h"

namespace attune::advise {

namespace {

std::string days_words(double days) { return std::isinf(days) ? "never" : rounded(days); }

std::string date_after(const Advice& advice, double days) {
  constexpr double kTooFar = 365.0 * 200;
  if (!(days < kTooFar)) return "-";
  return date_text(advice.today + std::chrono::days(static_cast<int>(std::ceil(days))));
}

bool is_shown(const Advice& advice, Arm arm) {
  const int host = advice.middle.situation[Choice::host];
  if (arm == Arm::tuned_own) return host != answer::host_provider;
  if (arm == Arm::tuned_provider) return host != answer::host_own;
  return arm != Arm::prompt || advice.middle.situation[Choice::prompt] != answer::prompt_optimised;
}

std::string flip_words(const VariableSpec& spec, const std::optional<Flip>& flip,
                       std::string_view side) {
  if (!flip) return "never";
  return fmt::format("{} {}: {}", side, value_words(spec, flip->value), choose_name(flip->to));
}

}  // namespace

PageTable costs_table(const Advice& advice) {
  const Variables& v = advice.middle.variables;
  PageTable table{.title = "What each way costs", .rows = {}, .note = {}};
  table.rows.push_back({"way", "once", "a day", "tokens", "repairs", "errors", "host", "upkeep",
                        "break-even", "date", fmt::format("worth, {:.0f} months", v.horizon_months),
                        "accepted output"});
  for (std::size_t i = 0; i < kArms; ++i) {
    const auto which = static_cast<Arm>(i);
    if (!is_shown(advice, which)) continue;
    const ArmMoney& arm = advice.middle.economics.arm(which);
    const DailyCost& day = arm.daily;
    const bool now = which == Arm::now;
    table.rows.push_back({std::string(arm_words(which)), money(arm.one_off), money(day.total()),
                          money(day.tokens), money(day.labour), money(day.errors), money(day.host),
                          money(day.upkeep), now ? "-" : days_words(arm.break_even_days),
                          now ? "-" : date_after(advice, arm.break_even_days),
                          now ? "-" : money(arm.net_present_value), money(arm.cost_per_accepted)});
  }
  table.note =
      "Break-even in days and worth (net present value) against today's answers; the clock starts "
      "when the change is in use.";
  if (advice.focus.over_rag) {
    table.note +=
        fmt::format(" Tuned + RAG against RAG alone: {} more once, break-even {} days, worth {}.",
                    money(advice.money.one_off), days_words(advice.money.break_even_days),
                    money(advice.money.net_present_value));
  }
  return table;
}

PageTable path_table(const Advice& advice) {
  PageTable table{.title = "Why", .rows = {{"question", "answer", "from"}}, .note = {}};
  for (const Step& step : advice.decided.path) {
    const std::string_view reply = step.reply == Reply::yes  ? "yes"
                                   : step.reply == Reply::no ? "no"
                                                             : "open";
    table.rows.push_back({std::string(step.node->question), std::string(reply), step.because});
  }
  const Leaf& leaf = *advice.decided.leaf;
  table.note = fmt::format("{} Source: {}.", leaf.reason, leaf.source);
  return table;
}

PageTable flips_table(const Advice& advice, bool assumed) {
  PageTable table{.title = assumed ? "Assumed, as nobody gave them" : "Given, measured or priced",
                  .rows = {{"input", "unit", "value", "from", "verdict changes below",
                            "verdict changes above", "worth at its ends"}},
                  .note = {}};
  std::string idle;
  for (const FlipPoint& flip : advice.flips) {
    if ((flip.input.origin == Origin::assumed) != assumed) continue;
    const VariableSpec& spec = *flip.spec;
    const std::string value = range_words(spec, flip.input.range);
    if (!flip.below && !flip.above && flip.swing() == 0) {
      idle += fmt::format("{}{} {}", idle.empty() ? "" : "; ", spec.name, value);
      continue;
    }
    const bool one = flip.input.range.low == flip.input.range.high;
    table.rows.push_back(
        {(flip.inside ? "! " : "") + std::string(spec.name), std::string(spec.unit), value,
         std::string(origin_name(flip.input.origin)), flip_words(spec, flip.below, "<"),
         flip_words(spec, flip.above, ">"),
         one ? "-" : fmt::format("{} to {}", money(flip.value_at_low), money(flip.value_at_high))});
  }
  table.note =
      "! the verdict changes within the interval; those that matter most stand first. Never: not "
      "within what is accepted for the input, the others as they are.";
  if (!idle.empty()) table.note += " No flip, and no difference in worth: " + idle + ".";
  return table;
}

PageTable choices_table(const Advice& advice) {
  PageTable table{.title = "Answers to questions",
                  .rows = {{"input", "answer", "from", "other answers would give"}},
                  .note = {}};
  for (const ChoiceSpec& spec : choice_specs()) {
    const ChoiceInput& input = advice.inputs.choice(spec.choice);
    std::string others;
    for (const ChoiceFlip& flip : advice.choice_flips) {
      if (flip.choice != spec.choice) continue;
      others +=
          fmt::format("{}{}: {}", others.empty() ? "" : ", ", flip.answer, choose_name(flip.to));
    }
    std::string from(origin_name(input.origin));
    if (!input.note.empty()) from += ", " + input.note;
    table.rows.push_back({std::string(spec.name),
                          std::string(spec.answers[static_cast<std::size_t>(input.answer)]), from,
                          others.empty() ? "the same" : others});
  }
  return table;
}

PageTable thresholds_table(const Advice& advice) {
  const auto computed = [](const std::optional<double>& value, bool share) -> std::string {
    if (!value) return "none";
    return share ? percent_of(*value) : rounded(*value);
  };
  const Threshold& tokens = advice.prompt_tokens_a_day;
  const Threshold& rework = advice.rework_share;
  const SelfHosting& hosting = advice.hosting;
  const bool own = advice.middle.economics.tuned == Arm::tuned_own;
  return {
      .title = "Thresholds",
      .rows = {{"fine-tuning pays above", "by your numbers", "rule of thumb", "you have"},
               {"prompt tokens a day, saved tokens alone", computed(tokens.computed, false),
                rounded(tokens.preset), rounded(tokens.now)},
               {"rework, share of the team's hours, saved work alone",
                computed(rework.computed, true), percent_of(rework.preset), percent_of(rework.now)},
               {"own machine, utilisation at a provider's price", percent_of(hosting.parity), "-",
                percent_of(hosting.utilisation)}},
      .note = fmt::format(
          "By the {}: its one-off cost, host and upkeep within {:.0f} days. A machine of your "
          "own makes 1M tokens for {} at your load, a provider for {}.",
          own ? "tuned model on your machine" : "tuned model at a provider",
          advice.middle.variables.payback_days, money(hosting.own_price),
          money(hosting.provider_price))};
}

PageTable draws_table(const Advice& advice) {
  const Draws& draws = advice.draws;
  const auto row = [](std::string name, const Quantiles& q, auto words) {
    return std::vector<std::string>{std::move(name), words(q.p5),  words(q.p25),
                                    words(q.p50),    words(q.p75), words(q.p95)};
  };
  PageTable table{.title = "Uncertainty",
                  .rows = {{fmt::format("{}, {} draws", arm_words(advice.focus.arm),
                                        grouped(static_cast<double>(draws.count))),
                            "5 %", "25 %", "50 %", "75 %", "95 %"}},
                  .note = {}};
  table.rows.push_back(row("break-even, days", draws.break_even_days, days_words));
  table.rows.push_back(row("saved a day", draws.saved_a_day, money));
  table.rows.push_back(row("worth", draws.net_present_value, money));
  table.note = fmt::format(
      "P(break-even within {:.0f} days) = {:.0f} %; worth more than it costs as well: {:.0f} %. "
      "Verdicts of the draws: {}.",
      advice.middle.variables.payback_days, 100 * draws.in_time, 100 * draws.pays,
      verdict_shares(advice));
  return table;
}

PageTable prices_table(const Advice& advice) {
  PageTable table{.title = "Prices", .rows = {}, .note = {}};
  if (!advice.evidence.prices) return table;
  const PricesUsed& used = *advice.evidence.prices;
  table.rows.push_back({"model", "kind", "$/1M tokens", "of", "confidence", "source"});
  for (const Price& price : used.prices) {
    table.rows.push_back({price.model, price.kind, fmt::format("{}", price.price),
                          date_text(price.retrieved), price.confidence, price.source});
  }
  for (const std::string& warning : used.warnings)
    table.note += fmt::format("{}Warning: {}.", table.note.empty() ? "" : " ", warning);
  return table;
}

std::string verdict_shares(const Advice& advice) {
  std::vector<std::pair<double, std::string_view>> shares;
  for (std::size_t i = 0; i < kChoose; ++i) {
    if (advice.draws.verdicts[i] > 0)
      shares.emplace_back(advice.draws.verdicts[i], choose_name(static_cast<Choose>(i)));
  }
  std::sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a > b; });
  std::string text;
  for (const auto& [share, name] : shares)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, eval::percent(share));
  return text;
}

namespace {

void add_knowledge(const Knowledge& found, std::string_view what, std::vector<std::string>& lines) {
  std::string samples;
  for (const std::string& sample : found.samples)
    samples += fmt::format("{}\"{}\"", samples.empty() ? ", such as " : ", ", sample);
  lines.push_back(fmt::format(
      "{}: {} of {} answers carry hard facts; {} hold facts that neither their prompt nor another "
      "answer has, {}{}.",
      what, found.with_facts, found.answers, found.own, eval::percent_interval(found.own_share),
      samples));
}

void add_log(const LogFigures& log, std::vector<std::string>& lines) {
  std::string rate = "the log has no times";
  if (log.requests_per_day)
    rate = fmt::format("{} [{}, {}] a day", rounded(log.requests_per_day->value),
                       rounded(log.requests_per_day->low), rounded(log.requests_per_day->high));
  lines.push_back(fmt::format(
      "{}: {} requests, {}; {} prompt tokens and {} output tokens each ({} of them counted by the "
      "server, the rest reckoned from characters).",
      log.name, grouped(static_cast<double>(log.requests)), rate, rounded(log.prompt_tokens.value),
      rounded(log.output_tokens.value), percent_of(log.counted_share)));
  const std::string repeated =
      log.repeated_share
          ? fmt::format(
                "{} of the prompt text is a beginning that at least a twentieth of the "
                "requests repeat: what training could take over",
                eval::percent(*log.repeated_share))
          : fmt::format("fewer than {} prompts do not tell what they repeat", kFewestPrompts);
  lines.push_back(fmt::format("{}: {}{}.", log.name, repeated,
                              log.cached_share
                                  ? fmt::format("; {} of the prompt tokens were billed as cached",
                                                eval::percent(*log.cached_share))
                                  : ""));
  if (log.passed_over > 0)
    lines.push_back(fmt::format("{}: {} lines are no request and were passed over; the first: {}",
                                log.name, log.passed_over, log.first_fault));
}

}  // namespace

std::vector<std::string> evidence_lines(const Advice& advice) {
  std::vector<std::string> lines;
  const Evidence& evidence = advice.evidence;
  const auto file_name = [](const std::string& path) { return Path(path).filename().string(); };
  if (evidence.report) {
    ReportEvidence report = *evidence.report;
    report.name = file_name(report.name);
    lines.push_back(
        fmt::format("{}: {} held-out items. {}", report.name, report.items, report.headline));
    for (const std::string& reason : report.reasons)
      lines.push_back(fmt::format("{}: {}", report.name, reason));
    const Input& rework = advice.inputs.number(&Variables::rework);
    if (rework.origin == Origin::report)
      lines.push_back(fmt::format(
          "{}: nobody gave the rework of today, so the faults of the {} arm stand for it: {}.",
          report.name, report.prompting_arm, percent_of(rework.range.value)));
  }
  if (evidence.log) {
    LogFigures log = *evidence.log;
    log.name = file_name(log.name);
    add_log(log, lines);
    add_knowledge(log.knowledge, log.name, lines);
  }
  if (evidence.rows) {
    const std::string name = file_name(evidence.rows->name);
    add_knowledge(evidence.rows->knowledge, name, lines);
    lines.push_back(fmt::format("{}: {} of {} rows hold what looks like personal data.", name,
                                evidence.rows_with_personal_data, evidence.rows->requests));
  }
  return lines;
}

}  // namespace attune::advise
