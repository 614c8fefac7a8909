// The whole advice: verdict, money, flip points, uncertainty and evidence.
//
//   Advice advice = make_advice(inputs, {.today = today()});
//   fmt::print("{}", advice_text(advice));     // page.h
//   return advice.exit_code();
//
// The verdict is that of the inputs' values (decision.h). Where the path asked whether training
// pays and between a third and two thirds of the draws say so, it is inconclusive instead.
//
// Confidence: high where at least 90 % of the draws give the same verdict, medium from 70 %, else
// low; one step lower where an assumed answer to a question would change the verdict, or where a
// tuned model is advised whose gain was not measured.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "advise/decision.h"
#include "advise/flip_points.h"
#include "advise/monte_carlo.h"
#include "advise/price_inputs.h"
#include "advise/report_evidence.h"
#include "advise/request_log.h"

namespace attune::advise {

struct AdviceOptions {
  std::chrono::sys_days today = {};
  DrawOptions draws = {};
};

enum class Confidence { low, medium, high };
std::string_view confidence_name(Confidence confidence);

// Where the evidence came from; each is shown as it is.
struct Evidence {
  std::optional<ReportEvidence> report;
  std::optional<LogFigures> log;
  std::optional<LogFigures> rows;  // training rows, for their facts alone
  std::int64_t rows_with_personal_data = 0;
  std::optional<PricesUsed> prices;
};

// The founding rules of thumb beside what these inputs say.
struct Threshold {
  std::optional<double> computed;  // none: saved tokens, or rework, can't pay it back
  double preset = 0;
  double now = 0;
};

struct Advice {
  std::chrono::sys_days today = {};
  Inputs inputs;
  Case middle;      // at the values
  Decided decided;  // the verdict
  Focus focus;
  Replacement money;             // of the focus, at the values
  std::vector<FlipPoint> flips;  // those that matter first
  std::vector<ChoiceFlip> choice_flips;
  Draws draws;
  Confidence confidence = Confidence::low;
  std::vector<std::string> doubts;      // why the confidence is no higher
  std::vector<std::string> conditions;  // to be looked at before it is followed
  Threshold prompt_tokens_a_day;
  Threshold rework_share;  // of team_hours
  SelfHosting hosting;
  Evidence evidence;

  std::string sentence_of_money() const;  // the second sentence of the verdict
  std::optional<std::chrono::sys_days> break_even_date() const;
  int exit_code() const { return decided.leaf->choose == Choose::inconclusive ? 3 : 0; }
};

Advice make_advice(const Inputs& inputs, const AdviceOptions& options, Evidence evidence = {});

}  // namespace attune::advise
