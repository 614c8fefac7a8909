#include "advise/variables.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace attune::advise {

namespace {

using V = Variables;
constexpr bool kFactors = true;
constexpr bool kSteps = false;

constexpr auto kVariables = std::to_array<VariableSpec>({
#include "advise/variable_table.inc"
});

std::size_t place_of(double Variables::*member) {
  const std::span<const VariableSpec> specs = variable_specs();
  const auto at = std::find_if(specs.begin(), specs.end(),
                               [&](const VariableSpec& spec) { return spec.member == member; });
  CHECK(at != specs.end(), "a variable without a description");
  return static_cast<std::size_t>(at - specs.begin());
}

}  // namespace

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::assumed:
      return "assumed";
    case Origin::prices:
      return "price list";
    case Origin::report:
      return "report";
    case Origin::log:
      return "log";
    case Origin::given:
      return "given";
  }
  return "";
}

std::span<const VariableSpec> variable_specs() { return kVariables; }

const VariableSpec* find_variable(std::string_view name) {
  for (const VariableSpec& spec : variable_specs()) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

const std::vector<ChoiceSpec>& choice_specs() {
  using namespace answer;
  static const std::vector<ChoiceSpec> specs = {
      {Choice::facts,
       "facts",
       "Do answers need facts that the prompt lacks?",
       {"none", "fixed", "changing"},
       facts_none},
      {Choice::form,
       "form",
       "What of the form must get better?",
       {"none", "syntax", "style"},
       form_style},
      {Choice::prompt,
       "prompt",
       "Has the prompt been worked on until changes gained nothing?",
       {"untried", "optimised"},
       prompt_untried},
      {Choice::grammar,
       "grammar",
       "What did constrained decoding do?",
       {"untried", "enough", "harms"},
       grammar_untried},
      {Choice::gap,
       "gap",
       "What does a tuned model gain over the best prompt, measured?",
       {"unmeasured", "proven", "none", "open", "harmful"},
       gap_unmeasured},
      {Choice::pii,
       "pii",
       "Is there personal data in the training rows?",
       {"none", "masked", "present"},
       pii_none},
      {Choice::licence,
       "licence",
       "Does the base's licence allow the use?",
       {"allows", "forbids"},
       licence_allows},
      {Choice::retrainer,
       "retrainer",
       "Is there somebody to train it again?",
       {"yes", "no"},
       retrainer_yes},
      {Choice::host, "host", "Where may a tuned model run?", {"any", "provider", "own"}, host_any},
  };
  return specs;
}

const ChoiceSpec& spec_of(Choice choice) {
  return choice_specs()[static_cast<std::size_t>(choice)];
}

Inputs::Inputs() {
  for (const VariableSpec& spec : variable_specs())
    numbers_.push_back({.range = spec.assumed, .origin = Origin::assumed, .note = {}});
  for (const ChoiceSpec& spec : choice_specs())
    choices_.push_back({.answer = spec.assumed, .origin = Origin::assumed, .note = {}});
}

void Inputs::set(double Variables::*member, const stats::Estimate& range, Origin origin,
                 std::string note) {
  const std::size_t place = place_of(member);
  Input& input = numbers_[place];
  if (origin < input.origin) return;
  const VariableSpec& spec = variable_specs()[place];
  const auto within = [&](double value) { return std::clamp(value, spec.floor, spec.ceiling); };
  input = {.range = {within(range.value), within(range.low), within(range.high)},
           .origin = origin,
           .note = std::move(note)};
}

void Inputs::set(Choice choice, int answer, Origin origin, std::string note) {
  ChoiceInput& input = choices_[static_cast<std::size_t>(choice)];
  if (origin < input.origin) return;
  input = {.answer = answer, .origin = origin, .note = std::move(note)};
}

const Input& Inputs::number(double Variables::*member) const { return numbers_[place_of(member)]; }

const ChoiceInput& Inputs::choice(Choice choice) const {
  return choices_[static_cast<std::size_t>(choice)];
}

Variables Inputs::middle() const {
  Variables point;
  for (std::size_t i = 0; i < variable_specs().size(); ++i)
    point.*(variable_specs()[i].member) = numbers_[i].range.value;
  return point;
}

Situation Inputs::situation() const {
  Situation situation;
  for (std::size_t i = 0; i < kChoices; ++i) situation.answers[i] = choices_[i].answer;
  situation.rework_known = number(&Variables::rework).origin != Origin::assumed;
  return situation;
}

}  // namespace attune::advise
