// The judge's part of a report.
#include <algorithm>

#include <fmt/format.h>

#include "eval/compare.h"
#include "eval/judge_report.h"
#include "eval/words.h"

namespace attune::eval {

namespace {

Json optional(const std::optional<stats::Estimate>& estimate) {
  return estimate ? estimate_json(*estimate) : Json(nullptr);
}

Json optional(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json counts_json(const JudgeCounts& counts) {
  return {{"asked", counts.asked},
          {"unreadable", counts.unreadable},
          {"failed", counts.failed},
          {"order_flips", counts.order_flips}};
}

Json judged_arm_json(const JudgedArm& arm, bool pairwise) {
  Json json = {{"arm", arm.name},
               {"n", arm.n},
               {"undecided", arm.undecided},
               {"rate", estimate_json(arm.rate)},
               {"corrected", optional(arm.corrected)},
               {"replies", counts_json(arm.counts)},
               {"self_agreement", optional(arm.agreement)}};
  if (pairwise) {
    json["wins"] = arm.wins;
    json["ties"] = arm.ties;
    json["losses"] = arm.losses;
    json["sign_test_p"] = arm.p;
  }
  return json;
}

Json calibration_json(const JudgeCalibration& one, JudgeMode mode) {
  Json json = {{"labels", one.n},
               {"undecided", one.undecided},
               {"agreement", optional(one.agreement)},
               {"kappa", optional(one.kappa)},
               {"replies", counts_json(one.counts)}};
  if (mode == JudgeMode::pass) {
    json["sensitivity"] = optional(one.sensitivity);
    json["specificity"] = optional(one.specificity);
    json["positives"] = one.error.positives;
    json["negatives"] = one.error.negatives;
  } else {
    json["alpha"] = optional(one.alpha);
    json["mean_error"] = one.errors.empty() ? Json(nullptr) : Json(stats::mean(one.errors));
  }
  return json;
}

Json figures_of(const JudgeReport& report) {
  const bool pairwise = report.plan.mode == JudgeMode::pairwise;
  Json arms = Json::array();
  for (const JudgedArm& arm : report.arms) arms.push_back(judged_arm_json(arm, pairwise));
  Json differences = Json::array();
  for (const JudgeDifference& one : report.differences)
    differences.push_back({{"subject", report.subject},
                           {"other", one.other},
                           {"difference", estimate_json(one.rate)},
                           {"corrected", optional(one.corrected)}});
  return {
      {"mode", judge_mode_name(report.plan.mode)},
      {"model", report.plan.model},
      {"calibrated", report.may_decide()},
      {"doubt", report.doubt()},
      {"arms", arms},
      {"differences", differences},
      {"calibration", report.calibration ? calibration_json(*report.calibration, report.plan.mode)
                                         : Json(nullptr)},
      {"assertions", counts_json(report.rubrics)}};
}

std::string shown(const std::optional<stats::Estimate>& rate) {
  return rate ? percent_interval(*rate) : "uncalibrated";
}

std::vector<std::vector<std::string>> rows_of(const JudgeReport& report) {
  const bool pairwise = report.plan.mode == JudgeMode::pairwise;
  std::vector<std::vector<std::string>> rows{
      pairwise ? std::vector<std::string>{"against", "preferred", "corrected by labels",
                                          "won / tied / lost", "sign test", "undecided"}
               : std::vector<std::string>{"arm", "as judged", "corrected by labels",
                                          "self-agreement", "undecided"}};
  for (const JudgedArm& arm : report.arms) {
    std::vector<std::string> row{
        display_name(arm.name), arm.n > 0 ? percent_interval(arm.rate) : "-", shown(arm.corrected)};
    if (pairwise) {
      row.push_back(fmt::format("{} / {} / {}", arm.wins, arm.ties, arm.losses));
      row.push_back(p_value(arm.p));
    } else {
      row.push_back(arm.agreement ? percent(*arm.agreement) : "-");
    }
    row.push_back(std::to_string(arm.undecided));
    rows.push_back(std::move(row));
  }
  if (report.arms.empty()) rows.clear();
  return rows;
}

std::string calibration_note(const JudgeCalibration& one, JudgeMode mode) {
  std::string note = fmt::format("Against {} labels by people", one.n);
  if (one.agreement) note += fmt::format(": agreement {}", percent_interval(*one.agreement));
  if (one.kappa)
    note += fmt::format(", Cohen's kappa {:.2f} [{:.2f}, {:.2f}]", one.kappa->value, one.kappa->low,
                        one.kappa->high);
  if (one.sensitivity)
    note += fmt::format("; passes {} of the good answers", percent_interval(*one.sensitivity));
  if (one.specificity)
    note += fmt::format("; fails {} of the bad ones", percent_interval(*one.specificity));
  if (mode == JudgeMode::score && one.alpha)
    note += fmt::format(": Krippendorff's alpha {:.2f}", *one.alpha);
  if (mode != JudgeMode::pass && !one.errors.empty())
    note += fmt::format("; people's mean is {} points from the judge's",
                        points(stats::mean(one.errors)));
  return note;
}

std::string count_note(std::string_view what, const JudgeCounts& counts) {
  std::string note = fmt::format("{}: {} replies, {} of them without one verdict", what,
                                 counts.asked, counts.unreadable);
  if (counts.failed > 0) note += fmt::format(", {} times no reply", counts.failed);
  if (counts.order_flips > 0)
    note += fmt::format(
        "; {} times the place decided and not the answer (swapped, the other one won): tied",
        counts.order_flips);
  return note;
}

JudgeCounts sum_of(const JudgeReport& report) {
  JudgeCounts all = report.calibration ? report.calibration->counts : JudgeCounts{};
  for (const JudgedArm& arm : report.arms) {
    all.asked += arm.counts.asked;
    all.unreadable += arm.counts.unreadable;
    all.failed += arm.counts.failed;
    all.order_flips += arm.counts.order_flips;
  }
  return all;
}

}  // namespace

Supplement judge_supplement(const JudgeReport& report) {
  Supplement part{.key = "judge",
                  .title = fmt::format("Judged by {} ({})", report.plan.model,
                                       judge_mode_name(report.plan.mode)),
                  .rows = rows_of(report),
                  .figures = figures_of(report)};
  if (!report.may_decide())
    part.notes.push_back(
        fmt::format("Uncalibrated, so these figures decide nothing: {}", report.doubt()));
  if (report.calibration)
    part.notes.push_back(calibration_note(*report.calibration, report.plan.mode));
  for (const JudgeDifference& one : report.differences) {
    std::string note = fmt::format("{} - {}: {} as judged", display_name(report.subject),
                                   display_name(one.other), points_interval(one.rate));
    if (one.corrected) note += fmt::format(", {} corrected", points_interval(*one.corrected));
    part.notes.push_back(std::move(note));
  }
  const bool corrected =
      std::any_of(report.arms.begin(), report.arms.end(),
                  [](const JudgedArm& arm) { return arm.corrected.has_value(); });
  if (corrected)
    part.notes.emplace_back(report.plan.mode == JudgeMode::pass
                                ? "Corrected: Rogan and Gladen 1978, interval of Lang and "
                                  "Reiczigel 2014, which carries the judge's error"
                                : "Corrected: by the mean error on the labels, which the interval "
                                  "carries (Angelopoulos et al. 2023)");
  const JudgeCounts all = sum_of(report);
  if (all.asked > 0) part.notes.push_back(count_note("The judge", all));
  if (report.rubrics.asked > 0)
    part.notes.push_back(count_note("llm-rubric assertions", report.rubrics));
  return part;
}

}  // namespace attune::eval
