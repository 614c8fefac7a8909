#include "advise/answers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "advise/words.h"
#include "data/mapping.h"
#include "io/yaml.h"

namespace attune::advise {

namespace {

using stats::Estimate;

constexpr double kLeastGain = 0.05;  // as advise::Thresholds: a smaller gain does not pay
constexpr double kHarmMargin = 0.02;

Failure wrong(const std::string& where, std::string found, std::string wanted) {
  return bad_input({.where = where,
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = "attune advise --template lists the inputs"});
}

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) {
    const double whole = value.get<double>();
    return std::isfinite(whole) ? std::optional(whole) : std::nullopt;
  }
  if (!value.is_string()) return std::nullopt;
  std::string text = value.get<std::string>();
  const bool percent = text.ends_with('%');
  if (percent) text.pop_back();
  while (text.ends_with(' ')) text.pop_back();
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size() ||
      !std::isfinite(number))
    return std::nullopt;
  return percent ? number / 100 : number;
}

Result<std::vector<double>> numbers_of(const std::string& where, const Json& value,
                                       const std::string& wanted) {
  std::vector<double> numbers;
  if (!value.is_array()) {
    const std::optional<double> number = number_of(value);
    if (!number) return wrong(where, to_text(value), wanted);
    return std::vector<double>{*number};
  }
  for (const Json& part : value) {
    const std::optional<double> number = number_of(part);
    if (!number) return wrong(where, to_text(value), wanted);
    numbers.push_back(*number);
  }
  return numbers;
}

// The middle of an interval, by factors where the input varies so.
double middle_of(double low, double high, bool by_factors) {
  return by_factors && low > 0 ? std::sqrt(low * high) : (low + high) / 2;
}

Result<Estimate> range_of(const std::string& where, const Json& value, const VariableSpec& spec) {
  const std::string wanted = fmt::format(
      "a number from {} to {} ({}{}), [low, high] or [low, value, high]", rounded(spec.floor),
      rounded(spec.ceiling), spec.unit, spec.unit.starts_with("share") ? "; 15 % is 0.15" : "");
  ATTUNE_TRY(const std::vector<double> numbers, numbers_of(where, value, wanted));
  const bool rising = std::is_sorted(numbers.begin(), numbers.end());
  if (numbers.empty() || numbers.size() > 3 || !rising || !(numbers.front() >= spec.floor) ||
      !(numbers.back() <= spec.ceiling))
    return wrong(where, to_text(value), wanted);
  const double low = numbers.front(), high = numbers.back();
  const double middle = numbers.size() == 3 ? numbers[1] : middle_of(low, high, spec.by_factors);
  return Estimate{numbers.size() == 1 ? low : middle, low, high};
}

Result<int> choice_of(const std::string& where, const Json& value, const ChoiceSpec& spec) {
  std::string text = value.is_string() ? value.get<std::string>() : to_text(value);
  // YAML's yes is a text, JSON's is true.
  if (value.is_boolean()) text = value.get<bool>() ? "yes" : "no";
  const auto at = std::find(spec.answers.begin(), spec.answers.end(), text);
  if (at == spec.answers.end())
    return wrong(where, text, fmt::format("one of {}", fmt::join(spec.answers, ", ")));
  return static_cast<int>(at - spec.answers.begin());
}

Result<double> days_until(const std::string& where, const Json& value,
                          std::chrono::sys_days today) {
  const std::string text = value.is_string() ? value.get<std::string>() : to_text(value);
  int year = 0;
  unsigned month = 0, day = 0;
  char rest = 0;
  const bool read = text.size() == 10 &&
                    std::sscanf(text.c_str(), "%4d-%2u-%2u%c", &year, &month, &day, &rest) == 3;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!read || !date.ok()) return wrong(where, text, "a date as 2027-06-01");
  return static_cast<double>((std::chrono::sys_days(date) - today).count());
}

Result<void> apply_prompt_gains(const std::string& where, const Json& value, Inputs& inputs) {
  ATTUNE_TRY(const std::vector<double> gains,
             numbers_of(where, value, "points, such as [3.1, 0.6, 0.2]"));
  const std::size_t n = gains.size();
  const bool done = n >= 2 && gains[n - 1] < 1 && gains[n - 2] < 1;
  inputs.set(Choice::prompt, done ? answer::prompt_optimised : answer::prompt_untried,
             Origin::given, fmt::format("gains of {} points", fmt::join(gains, ", ")));
  return {};
}

Result<void> apply_quality_gap(const std::string& where, const Json& value, Inputs& inputs) {
  ATTUNE_TRY(const std::vector<double> points,
             numbers_of(where, value, "points as [low, high], such as [2.5, 9]"));
  if (points.size() != 2 || points[0] > points[1])
    return wrong(where, to_text(value), "points as [low, high], such as [2.5, 9]");
  const double low = points[0] / 100, high = points[1] / 100, middle = (low + high) / 2;
  answer::Gap gap = answer::gap_open;
  if (low > 0 && middle >= kLeastGain) gap = answer::gap_proven;
  if (high < kLeastGain) gap = answer::gap_none;
  if (high < 0 && middle <= -kHarmMargin) gap = answer::gap_harmful;
  inputs.set(Choice::gap, gap, Origin::given,
             fmt::format("{:+.1f} to {:+.1f} points", points[0], points[1]));
  return {};
}

// What the answers to questions make of shares that nobody gave.
void settle_assumed(Inputs& inputs) {
  const ChoiceInput& facts = inputs.choice(Choice::facts);
  if (inputs.choice(Choice::form).answer == answer::form_syntax)
    inputs.set(&Variables::form_share, {0.9, 0.7, 1}, Origin::assumed,
               "the syntax alone is at fault");
  if (facts.origin != Origin::assumed && facts.answer == answer::facts_none)
    inputs.set(&Variables::rag_cut, {0, 0, 0.1}, Origin::assumed, "no facts are missing");
}

constexpr std::string_view kSpecials[] = {"model", "base_retires", "rework_after", "prompt_gains",
                                          "quality_gap"};

Result<void> check_name(const std::string& where, const std::string& name) {
  Json names = Json::object();
  for (const VariableSpec& spec : variable_specs()) names[std::string(spec.name)] = nullptr;
  for (const ChoiceSpec& spec : choice_specs()) names[std::string(spec.name)] = nullptr;
  for (const std::string_view special : kSpecials) names[std::string(special)] = nullptr;
  if (names.contains(name)) return {};
  return wrong(where,
               fmt::format("no input is called \"{}\"{}", name, data::suggest_column(name, names)),
               "the name of an input");
}

}  // namespace

Result<void> Answers::read(const Json& document, const std::string& name) {
  if (!document.is_object())
    return wrong(name, to_text(document).substr(0, 60), "a map of inputs, such as \"rework: 0.1\"");
  for (const auto& [key, value] : document.items()) {
    const std::string where = fmt::format("{} {}", name, key);
    ATTUNE_TRY_VOID(check_name(where, key));
    answers_.push_back({.where = where, .name = key, .value = value});
  }
  return {};
}

Result<void> Answers::set(const std::string& assignment) {
  const std::size_t mark = assignment.find('=');
  if (mark == std::string::npos || mark == 0)
    return wrong("--set", assignment, "NAME=VALUE or NAME=LOW..HIGH");
  const std::string name = assignment.substr(0, mark);
  std::string value = assignment.substr(mark + 1);
  const std::string where = fmt::format("--set {}", name);
  ATTUNE_TRY_VOID(check_name(where, name));
  const std::size_t dots = value.find("..");
  if (dots != std::string::npos)
    value = fmt::format("[{}, {}]", value.substr(0, dots), value.substr(dots + 2));
  ATTUNE_TRY(Json parsed, parse_yaml(value, where));
  answers_.push_back({.where = where, .name = name, .value = std::move(parsed)});
  return {};
}

Result<void> Answers::apply(std::chrono::sys_days today, Inputs& inputs) const {
  for (const auto& [where, name, value] : answers_) {
    // A template's line that was left empty, and what other functions read.
    if (value.is_null() || name == "model" || name == "rework_after") continue;
    if (const VariableSpec* spec = find_variable(name)) {
      ATTUNE_TRY(const Estimate range, range_of(where, value, *spec));
      inputs.set(spec->member, range, Origin::given);
    } else if (name == "base_retires") {
      ATTUNE_TRY(const double days, days_until(where, value, today));
      inputs.set(&Variables::base_days_left, {days, days, days}, Origin::given,
                 "base_retires " + value.get<std::string>());
    } else if (name == "prompt_gains") {
      ATTUNE_TRY_VOID(apply_prompt_gains(where, value, inputs));
    } else if (name == "quality_gap") {
      ATTUNE_TRY_VOID(apply_quality_gap(where, value, inputs));
    } else {
      for (const ChoiceSpec& question : choice_specs()) {
        if (question.name != name) continue;
        ATTUNE_TRY(const int chosen, choice_of(where, value, question));
        inputs.set(question.choice, chosen, Origin::given);
      }
    }
  }
  settle_assumed(inputs);
  return apply_rework_after(inputs);
}

Result<void> Answers::apply_rework_after(Inputs& inputs) const {
  const VariableSpec& spec = *find_variable("rework");
  const double before = inputs.number(&Variables::rework).range.value;
  for (const auto& [where, name, value] : answers_) {
    if (name != "rework_after" || value.is_null()) continue;
    ATTUNE_TRY(const Estimate after, range_of(where, value, spec));
    if (!(before > 0) && inputs.number(&Variables::rework).origin == Origin::report) return {};
    if (!(before > 0)) return wrong(where, to_text(value), "rework above 0, to compare it with");
    inputs.set(&Variables::rework_cut,
               {1 - after.value / before, 1 - after.high / before, 1 - after.low / before},
               Origin::given, fmt::format("{} after tuning", range_words(spec, after)));
  }
  return {};
}

std::optional<std::string> Answers::model() const {
  std::optional<std::string> model;
  for (const Answer& answer : answers_) {
    if (answer.name == "model" && answer.value.is_string()) model = answer.value.get<std::string>();
  }
  return model;
}

std::string answers_template() {
  std::string text =
      "# Answers for attune advise. A number may be an interval: [low, high] or [low, value, "
      "high].\n"
      "# What you don't know stays empty: the default in the comment is assumed, and the page "
      "tells\n"
      "# how much it matters.\n\n";
  for (const ChoiceSpec& spec : choice_specs()) {
    text += fmt::format("{}:  # {} {} ({} assumed)\n", spec.name, spec.question,
                        fmt::join(spec.answers, ", "),
                        spec.answers[static_cast<std::size_t>(spec.assumed)]);
  }
  text += "\nmodel:  # of the price list: sets the prices\n";
  for (const VariableSpec& spec : variable_specs()) {
    text += fmt::format("{}:  # {}; {} ({} assumed)\n", spec.name, spec.meaning, spec.unit,
                        range_words(spec, spec.assumed));
  }
  return text +
         "base_retires:  # a date as 2027-06-01, instead of base_days_left\n"
         "rework_after:  # share of outputs repaired after tuning, instead of rework_cut\n"
         "prompt_gains:  # points that each change of the prompt gained, instead of prompt\n"
         "quality_gap:  # points that a tuned model gained, as [low, high], instead of gap\n";
}

}  // namespace attune::advise
