// What the advice is computed from: numbers with their units, and answers to questions.
//
//   Inputs inputs;                                      // everything assumed
//   inputs.set(&Variables::requests_per_day, {400, 500, 600}, Origin::given);
//   Variables middle = inputs.middle();                 // the values alone
//
// Each number is a value between two ends. Those that nobody gave have the defaults of
// variable_specs(), which are wide on purpose: advice that hangs on one of them says so. The
// letters in the comments are those of the formulas in economics.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/statistics.h"

namespace attune::advise {

// One point: every input has one value. Money is US dollars. A share is 0..1.
struct Variables {
  // What is asked of the model today.
  double requests_per_day = 0;  // R
  double prompt_tokens = 0;     // P0, a request: instructions, examples and input
  double output_tokens = 0;     // O, a request
  double cached_share = 0;      // h, of the prompt tokens: billed as cached today
  // What it costs.
  double input_price = 0;      // p_in, $ for 1M prompt tokens of the base model
  double output_price = 0;     // p_out, $ for 1M output tokens
  double cached_discount = 0;  // share of p_in that a cached token saves: p_cache = p_in (1 - it)
  double wage = 0;             // w, $ an hour
  double rework = 0;           // e0, share of outputs that a person repairs
  double fix_minutes = 0;      // t_fix, minutes of work for each
  double undetected = 0;       // u0, share of outputs that are wrong and noticed too late
  double error_cost = 0;       // c_err, $ for each of them
  double team_hours = 0;       // hours of the people concerned, a day; for the share of rework
  // A tuned model.
  double prompt_saved = 0;      // s, share of the prompt that it needs no longer: P1 = P0 (1 - s)
  double rework_cut = 0;        // share of the rework that it ends: e1 = e0 (1 - it)
  double undetected_cut = 0;    // the same of undetected errors: u1 = u0 (1 - it)
  double tuned_markup = 0;      // m, price of its tokens at a provider over the base's
  double training_price = 0;    // p_tr, $ for 1M training tokens at a provider
  double examples = 0;          // rows to train on
  double epochs = 0;            // passes over them: T_tok = rows (P1 + O) epochs
  double runs = 0;              // C_exp, trainings until one is good
  double training_hours = 0;    // on a machine of one's own, for one training
  double host_per_hour = 0;     // C_host, $ an hour of that machine, energy included
  double prefill_speed = 0;     // prompt tokens a second that it reads
  double decode_speed = 0;      // output tokens a second that it writes, all requests together
  double curation_hours = 0;    // C_data / w, to collect and clean the rows
  double evaluation_hours = 0;  // C_eval / w, for a held-out set and its review
  double life_months = 0;       // L, until it must be trained again
  double retrain_share = 0;     // C_retrain / F
  double upkeep_hours = 0;      // a month, to keep a model or an index in service
  double base_days_left = 0;    // days until the base is withdrawn; a tuned model goes with it
  // The other ways.
  double prompt_hours = 0;      // to better the prompt
  double shot_tokens = 0;       // prompt tokens that this adds, such as examples
  double prompt_cut = 0;        // share of the rework that this ends
  double grammar_hours = 0;     // to bring constrained decoding into service
  double form_share = 0;        // share of the faulty outputs whose form alone is wrong
  double retrieved_tokens = 0;  // prompt tokens that retrieval adds
  double index_hours = 0;       // to build the index and its upkeep
  double rag_per_hour = 0;      // $ an hour, to host the index
  double rag_cut = 0;           // share of rework and undetected errors that retrieval ends
  // How the sum is drawn.
  double payback_days = 0;    // D, within which a one-off cost must come back
  double horizon_months = 0;  // over which the net present value is taken
  double discount_rate = 0;   // a year
};

// Where a number or an answer came from.
enum class Origin : std::uint8_t { assumed, prices, report, log, given };
std::string_view origin_name(Origin origin);  // "assumed", "price list", ...

struct Input {
  stats::Estimate range;  // value between low and high
  Origin origin = Origin::assumed;
  std::string note = {};  // of where it comes from: "few-shot arm of report.json"
};

struct VariableSpec {
  std::string_view name;  // as files and --set name it
  std::string_view unit;
  std::string_view meaning;
  double Variables::*member;
  stats::Estimate assumed;
  double floor, ceiling;  // what is accepted, and where flip points are sought
  bool by_factors;        // it varies by factors (10 to 1,000) rather than by steps
};
std::span<const VariableSpec> variable_specs();
const VariableSpec* find_variable(std::string_view name);

// Questions with a few answers.
enum class Choice : std::uint8_t {
  facts,
  form,
  prompt,
  grammar,
  gap,
  pii,
  licence,
  retrainer,
  host
};
inline constexpr std::size_t kChoices = 9;

// The answers, in the order of ChoiceSpec::answers.
namespace answer {
enum Facts : int { facts_none, facts_fixed, facts_changing };
enum Form : int { form_none, form_syntax, form_style };
enum Prompt : int { prompt_untried, prompt_optimised };
enum Grammar : int { grammar_untried, grammar_enough, grammar_harms };
enum Gap : int { gap_unmeasured, gap_proven, gap_none, gap_open, gap_harmful };
enum Pii : int { pii_none, pii_masked, pii_present };
enum Licence : int { licence_allows, licence_forbids };
enum Retrainer : int { retrainer_yes, retrainer_no };
enum Host : int { host_any, host_provider, host_own };
}  // namespace answer

struct ChoiceSpec {
  Choice choice;
  std::string_view name;
  std::string_view question;
  std::vector<std::string_view> answers;
  int assumed;
};
const std::vector<ChoiceSpec>& choice_specs();
const ChoiceSpec& spec_of(Choice choice);

struct ChoiceInput {
  int answer = 0;
  Origin origin = Origin::assumed;
  std::string note = {};
};

// The answers at a point, as decide_advice() reads them.
struct Situation {
  int answers[kChoices] = {};
  // Whether e0 was measured or given: a share that was only assumed is no reason to train.
  bool rework_known = false;
  int operator[](Choice choice) const { return answers[static_cast<std::size_t>(choice)]; }
  int& operator[](Choice choice) { return answers[static_cast<std::size_t>(choice)]; }
};

class Inputs {
 public:
  Inputs();

  // A later origin in the enumeration wins over an earlier one; the same origin overwrites.
  void set(double Variables::*member, const stats::Estimate& range, Origin origin,
           std::string note = {});
  void set(Choice choice, int answer, Origin origin, std::string note = {});

  // In the order of variable_specs() and choice_specs().
  const std::vector<Input>& numbers() const { return numbers_; }
  const std::vector<ChoiceInput>& choices() const { return choices_; }
  const Input& number(double Variables::*member) const;
  const ChoiceInput& choice(Choice choice) const;

  Variables middle() const;
  Situation situation() const;

 private:
  std::vector<Input> numbers_;
  std::vector<ChoiceInput> choices_;
};

}  // namespace attune::advise
