#include "advise/report_evidence.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace attune::advise {

namespace {

using stats::Estimate;

class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) {}

  Failure wrong(const std::string& member, std::string wanted) const {
    return bad_input({.where = fmt::format("{} {}", name_, member),
                      .found = "not the form of a report",
                      .wanted = std::move(wanted),
                      .fix = "give report.json of attune tune (docs/report.md)"});
  }
  Result<double> number(const Json& object, const std::string& path, const char* member) const {
    const auto at = object.is_object() ? object.find(member) : object.end();
    if (at == object.end() || !at->is_number())
      return wrong(fmt::format("{}.{}", path, member), "a number");
    return at->get<double>();
  }
  Result<Estimate> rate(const Json& arm, const std::string& path, const char* member) const {
    const auto at = arm.is_object() ? arm.find(member) : arm.end();
    if (at == arm.end() || !at->is_object())
      return wrong(fmt::format("{}.{}", path, member), "{value, low, high}");
    const std::string place = fmt::format("{}.{}", path, member);
    Estimate estimate;
    ATTUNE_TRY(estimate.value, number(*at, place, "value"));
    ATTUNE_TRY(estimate.low, number(*at, place, "low"));
    ATTUNE_TRY(estimate.high, number(*at, place, "high"));
    return estimate;
  }
  Result<std::string> text(const Json& object, const std::string& path, const char* member) const {
    const auto at = object.is_object() ? object.find(member) : object.end();
    if (at == object.end() || !at->is_string())
      return wrong(fmt::format("{}.{}", path, member), "a text");
    return at->get<std::string>();
  }

 private:
  std::string name_;
};

struct ArmEvidence {
  std::string name;
  Estimate faults;  // value by domain accuracy, ends by the three measures
  double quality = 0;
  double prompt_tokens = 0, output_tokens = 0;
};

Result<ArmEvidence> read_arm(const Reader& reader, const Json& arm, const std::string& path) {
  ArmEvidence evidence;
  ATTUNE_TRY(evidence.name, reader.text(arm, path, "arm"));
  ATTUNE_TRY(const Estimate format, reader.rate(arm, path, "format_compliance"));
  ATTUNE_TRY(const Estimate domain, reader.rate(arm, path, "domain_accuracy"));
  ATTUNE_TRY(const Estimate exact, reader.rate(arm, path, "exact_match"));
  const std::array<double, 3> faults = {1 - format.value, 1 - domain.value, 1 - exact.value};
  evidence.faults = {.value = 1 - domain.value,
                     .low = *std::min_element(faults.begin(), faults.end()),
                     .high = *std::max_element(faults.begin(), faults.end())};
  evidence.quality = format.value + domain.value;
  const auto tokens = arm.find("tokens");
  if (tokens != arm.end() && tokens->is_object()) {
    const auto number = [&](const char* key) {
      const bool there = tokens->contains(key) && (*tokens)[key].is_number();
      return there ? (*tokens)[key].get<double>() : 0.0;
    };
    evidence.prompt_tokens = number("prompt");
    evidence.output_tokens = number("completion");
  }
  return evidence;
}

// Whether the tuned arm lost in a measure by more than chance explains.
bool got_worse(const Json& report) {
  const auto comparisons = report.find("comparisons");
  if (comparisons == report.end() || !comparisons->is_array()) return false;
  for (const Json& pair : *comparisons) {
    for (const char* measure : {"format_compliance", "domain_accuracy"}) {
      const Json::json_pointer high(fmt::format("/{}/difference/high", measure));
      if (pair.contains(high) && pair.at(high).is_number() && pair.at(high).get<double>() < 0)
        return true;
    }
  }
  return false;
}

answer::Gap gap_of(const std::string& decision, const Json& report) {
  if (decision == "fine-tune") return answer::gap_proven;
  if (decision == "inconclusive") return answer::gap_open;
  if (decision == "do not fine-tune" && got_worse(report)) return answer::gap_harmful;
  return answer::gap_none;
}

void apply_faults(const ArmEvidence& prompting, const ArmEvidence& tuned, Inputs& inputs) {
  const auto arm_note = [](const ArmEvidence& arm) { return fmt::format("{} arm", arm.name); };
  inputs.set(&Variables::rework, prompting.faults, Origin::report, arm_note(prompting));
  const Input& rework = inputs.number(&Variables::rework);
  const double today = rework.range.value;
  if (!(today > 0)) return;
  // Where today's share was given, the tuned arm's faults are held against it as they are; else
  // each measure is held against the same measure.
  const bool given = rework.origin != Origin::report;
  const auto cut = [&](double tuned_faults, double before) {
    return before > 0 ? 1 - tuned_faults / before : 0.0;
  };
  Estimate range;
  range.value = cut(tuned.faults.value, today);
  const double one = cut(tuned.faults.high, given ? today : prompting.faults.high);
  const double two = cut(tuned.faults.low, given ? today : prompting.faults.low);
  range.low = std::min({range.value, one, two});
  range.high = std::max({range.value, one, two});
  inputs.set(&Variables::rework_cut, range, Origin::report,
             fmt::format("faults of the {} arm against {}", tuned.name,
                         given ? "today's rework" : "those of " + arm_note(prompting)));
}

void apply_tokens(const ArmEvidence& prompting, const ArmEvidence& tuned, Inputs& inputs) {
  if (!(prompting.prompt_tokens > 0) || !(tuned.prompt_tokens > 0)) return;
  const auto exact = [](double value) { return Estimate{value, value, value}; };
  inputs.set(&Variables::prompt_tokens, exact(prompting.prompt_tokens), Origin::report,
             fmt::format("{} arm", prompting.name));
  const Estimate today = inputs.number(&Variables::prompt_tokens).range;
  const auto saved = [&](double prompt) { return std::max(0.0, 1 - tuned.prompt_tokens / prompt); };
  inputs.set(&Variables::prompt_saved, {saved(today.value), saved(today.low), saved(today.high)},
             Origin::report,
             fmt::format("{:.0f} tokens of the {} arm", tuned.prompt_tokens, tuned.name));
  if (tuned.output_tokens > 0) {
    inputs.set(&Variables::output_tokens, exact(tuned.output_tokens), Origin::report,
               fmt::format("{} arm", tuned.name));
  }
}

void apply_training(const Json& report, Inputs& inputs) {
  const Json::json_pointer seconds("/training/seconds");
  if (!report.contains(seconds) || !report.at(seconds).is_number()) return;
  const double hours = report.at(seconds).get<double>() / 3600;
  if (!(hours > 0)) return;
  inputs.set(&Variables::training_hours, {hours, hours, hours}, Origin::report,
             "as long as the run took");
}

}  // namespace

Result<ReportEvidence> apply_report(const Json& report, const std::string& name, Inputs& inputs) {
  const Reader reader(name);
  if (!report.is_object()) return reader.wrong("", "an object");
  ATTUNE_TRY(const double version, reader.number(report, "", "version"));
  if (version != 1) return reader.wrong("version", "version 1");
  ReportEvidence evidence;
  evidence.name = name;
  ATTUNE_TRY(const double items, reader.number(report, "", "items"));
  evidence.items = static_cast<std::int64_t>(items);
  const auto verdict = report.find("verdict");
  if (verdict == report.end()) return reader.wrong("verdict", "an object");
  ATTUNE_TRY(evidence.decision, reader.text(*verdict, "verdict", "decision"));
  ATTUNE_TRY(evidence.headline, reader.text(*verdict, "verdict", "headline"));
  if (verdict->contains("reasons") && (*verdict)["reasons"].is_array()) {
    for (const Json& reason : (*verdict)["reasons"]) {
      if (reason.is_string()) evidence.reasons.push_back(reason.get<std::string>());
    }
  }

  const auto arms = report.find("arms");
  if (arms == report.end() || !arms->is_array()) return reader.wrong("arms", "a list");
  std::optional<ArmEvidence> prompting, tuned;
  bool few_shot = false;
  for (std::size_t i = 0; i < arms->size(); ++i) {
    ATTUNE_TRY(ArmEvidence arm, read_arm(reader, (*arms)[i], fmt::format("arms[{}]", i)));
    if (arm.name.starts_with("tuned ")) continue;  // one of several: not what is compared
    few_shot = few_shot || arm.name.starts_with("few_shot");
    if (arm.name == "tuned") {
      tuned = std::move(arm);
    } else if (!prompting || arm.quality > prompting->quality) {
      prompting = std::move(arm);
    }
  }
  if (prompting && tuned) {
    inputs.set(Choice::gap, gap_of(evidence.decision, report), Origin::report,
               fmt::format("{} held-out items", evidence.items));
  }
  if (few_shot) {
    inputs.set(Choice::prompt, answer::prompt_optimised, Origin::report, "a few-shot arm was run");
  }
  if (prompting && tuned) {
    evidence.prompting_arm = prompting->name;
    apply_faults(*prompting, *tuned, inputs);
    apply_tokens(*prompting, *tuned, inputs);
  }
  apply_training(report, inputs);
  return evidence;
}

}  // namespace attune::advise
