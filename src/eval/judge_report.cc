#include "eval/judge_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "eval/assertion.h"
#include "stats/agreement.h"

namespace attune::eval {

namespace {

void add(const Judgement& one, JudgeCounts& counts) {
  counts.asked += one.asked;
  counts.unreadable += one.unreadable;
  counts.failed += one.failed;
  counts.order_flips += one.order_flips;
}

// The judgements of one arm, by item; nothing where the judge could not decide.
using Values = std::vector<std::optional<double>>;

struct Decided {
  std::vector<double> values;
  std::vector<std::size_t> items;
};

Decided decided(const Values& values) {
  Decided result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    result.values.push_back(*values[i]);
    result.items.push_back(i);
  }
  return result;
}

// Over the items with a judgement, which keep their clusters.
Intervals over(const Intervals& all, const std::vector<std::size_t>& items) {
  std::vector<std::int64_t> clusters;
  if (all.clustered()) {
    for (const std::size_t i : items) clusters.push_back(all.clusters()[i]);
  }
  return Intervals(std::move(clusters), all.bootstrap());
}

// As many items as would give an interval of this width: fewer where items belong together.
double effective_items(const stats::Estimate& rate, double n) {
  const stats::Estimate alone = stats::wilson(rate.value * n, static_cast<std::int64_t>(n));
  const double wider = (rate.high - rate.low) / std::max(1e-12, alone.high - alone.low);
  return wider > 1 ? n / (wider * wider) : n;
}

double half_width(const stats::Estimate& estimate) {
  return (estimate.high - estimate.low) / 2 / stats::normal_quantile(0.975);
}

std::optional<stats::Estimate> corrected(const JudgePlan& plan, const JudgeCalibration& error,
                                         const stats::Estimate& rate, std::int64_t n) {
  if (plan.mode != JudgeMode::pass) {
    return corrected_mean(rate.value, half_width(rate), error.errors);
  }
  const double items = effective_items(rate, static_cast<double>(n));
  return corrected_rate(rate.value * items, items, error.error);
}

JudgeCalibration calibrate(const JudgePlan& plan, const std::vector<JudgedLabel>& labels) {
  JudgeCalibration result;
  std::vector<std::int64_t> people, judge;
  stats::Ratings ratings(2);
  for (const JudgedLabel& label : labels) {
    const Judgement said = judgement_of(plan, label.replies);
    add(said, result.counts);
    if (!said.value) {
      ++result.undecided;
      continue;
    }
    ++result.n;
    result.errors.push_back(label.label - *said.value);
    ratings[0].emplace_back(label.label);
    ratings[1].emplace_back(*said.value);
    people.push_back(static_cast<std::int64_t>(2 * label.label));
    judge.push_back(static_cast<std::int64_t>(2 * *said.value));
    (label.label == 1 ? result.error.positives : result.error.negatives) += 1;
    if (label.label == 1 && *said.value == 1) ++result.error.true_positives;
    if (label.label == 0 && *said.value == 0) ++result.error.true_negatives;
  }
  if (plan.mode == JudgeMode::score) {
    result.alpha = stats::krippendorff_alpha(ratings, stats::RatingScale::interval);
    return result;
  }
  std::int64_t same = 0;
  for (std::size_t i = 0; i < people.size(); ++i) same += people[i] == judge[i] ? 1 : 0;
  result.agreement = stats::wilson(static_cast<double>(same), result.n);
  result.kappa = stats::cohen_kappa(people, judge);
  if (plan.mode == JudgeMode::pass) {
    const JudgeError& error = result.error;
    if (error.positives > 0)
      result.sensitivity =
          stats::wilson(static_cast<double>(error.true_positives), error.positives);
    if (error.negatives > 0)
      result.specificity =
          stats::wilson(static_cast<double>(error.true_negatives), error.negatives);
  }
  return result;
}

// The corrected figure of all items: of those that the judge was asked about by its error, of those
// without an answer as they are, for their value is known.
std::optional<stats::Estimate> corrected_arm(const JudgeReport& report, const Intervals& intervals,
                                             const Values& values,
                                             const std::vector<bool>& is_known) {
  std::vector<double> judged;
  std::vector<std::size_t> items;
  double known = 0, known_sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    if (is_known[i]) {
      ++known;
      known_sum += *values[i];
    } else {
      judged.push_back(*values[i]);
      items.push_back(i);
    }
  }
  if (judged.empty()) return std::nullopt;
  const Intervals own = over(intervals, items);
  const stats::Estimate rate =
      report.plan.mode == JudgeMode::pass ? own.rate(judged) : own.mean(judged);
  auto result = corrected(report.plan, *report.calibration, rate, std::ssize(judged));
  if (!result || known == 0) return result;
  const double n = static_cast<double>(judged.size());
  for (double* end : {&result->value, &result->low, &result->high})
    *end = (*end * n + known_sum) / (n + known);
  return result;
}

JudgedArm judged_arm(const JudgeReport& report, const ArmResult& arm, const ArmResult& subject,
                     const Intervals& intervals, Values& values) {
  JudgedArm result{.name = arm.name, .rate = {}};
  double agreed = 0, repeated = 0;
  std::vector<bool> is_known;
  for (std::size_t i = 0; i < arm.answers.size(); ++i) {
    is_known.push_back(
        !arm.answers[i].failure.empty() ||
        (report.plan.mode == JudgeMode::pairwise && !subject.answers[i].failure.empty()));
    const Judgement one = item_judgement(report.plan, arm.answers[i], subject.answers[i]);
    add(one, result.counts);
    values.push_back(one.value);
    if (one.agreement) {
      agreed += *one.agreement;
      ++repeated;
    }
    if (!one.value) continue;
    result.wins += *one.value == 1 ? 1 : 0;
    result.losses += *one.value == 0 ? 1 : 0;
  }
  if (repeated > 0) result.agreement = agreed / repeated;
  const Decided said = decided(values);
  result.n = std::ssize(said.values);
  result.undecided = std::ssize(values) - result.n;
  result.ties = result.n - result.wins - result.losses;
  result.p = stats::mcnemar_exact(result.wins, result.losses);
  if (said.values.empty()) {
    result.rate = {0, 0, 1};
    return result;
  }
  const Intervals own = over(intervals, said.items);
  result.rate = report.plan.mode == JudgeMode::pass ? own.rate(said.values) : own.mean(said.values);
  if (report.calibration) result.corrected = corrected_arm(report, intervals, values, is_known);
  return result;
}

// `all_answered`: no value stands for a missing answer, which the judge's error says nothing of.
std::optional<JudgeDifference> difference(const JudgeReport& report, const std::string& other,
                                          const Values& first, const Values& second,
                                          bool all_answered, const Intervals& intervals) {
  std::vector<double> ours, theirs;
  std::vector<std::size_t> items;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (!first[i] || !second[i]) continue;
    ours.push_back(*first[i]);
    theirs.push_back(*second[i]);
    items.push_back(i);
  }
  if (ours.size() < 2) return std::nullopt;
  const Intervals own = over(intervals, items);
  JudgeDifference result{.other = other, .rate = {}};
  if (report.plan.mode == JudgeMode::pass) {
    stats::PairedCounts counts;
    for (std::size_t i = 0; i < ours.size(); ++i)
      (ours[i] > 0 ? (theirs[i] > 0 ? counts.both : counts.first_only)
                   : (theirs[i] > 0 ? counts.second_only : counts.neither)) += 1;
    result.rate = own.rate_difference(counts, ours, theirs);
  } else {
    result.rate = own.mean_difference(ours, theirs);
  }
  if (report.calibration && all_answered && report.plan.mode == JudgeMode::pass)
    result.corrected =
        corrected_difference(result.rate.value, half_width(result.rate), report.calibration->error);
  return result;
}

bool every_item_answered(const ArmResult& arm) {
  return std::all_of(arm.answers.begin(), arm.answers.end(),
                     [](const Answer& one) { return one.failure.empty(); });
}

// The replies that llm-rubric assertions got, counted.
void count_rubrics(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                   JudgeCounts& counts) {
  const JudgePlan pass;
  for (const ArmResult& arm : arms) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const bool asks =
          std::any_of(items[i].assertions.begin(), items[i].assertions.end(), asks_judge);
      if (!asks) continue;
      for (const Json& reply : arm.answers[i].judged) add(judgement_of(pass, {reply}), counts);
    }
  }
}

}  // namespace

Judgement item_judgement(const JudgePlan& plan, const Answer& answer, const Answer& of_subject) {
  const bool none = !answer.failure.empty();
  if (plan.mode != JudgeMode::pairwise) {
    if (none) return {.value = 0};
    return judgement_of(plan, answer.judge);
  }
  const bool subject_none = !of_subject.failure.empty();
  if (none || subject_none) return {.value = none && subject_none ? 0.5 : (none ? 1.0 : 0.0)};
  return judgement_of(plan, answer.judge);
}

std::string JudgeReport::doubt() const {
  if (!calibration) return "no labels by people";
  if (calibration->n < kLabelsToDecide)
    return fmt::format("{} labels by people, {} are wanted", calibration->n, kLabelsToDecide);
  if (plan.mode == JudgeMode::pass && !corrected_rate(1, 2, calibration->error))
    return "on the labels the judge is no better than chance, or they are all of one kind";
  const bool agrees = plan.mode == JudgeMode::score
                          ? calibration->alpha.value_or(0) > 0
                          : calibration->kappa && calibration->kappa->low > 0;
  if (plan.mode != JudgeMode::pass && !agrees)
    return "on the labels the judge agrees with people no better than by chance";
  return "";
}

JudgeReport judge_report(const std::vector<Item>& items, const std::vector<ArmResult>& arms,
                         const std::string& subject, const JudgeRecord& record,
                         const Intervals& intervals) {
  JudgeReport report{.plan = record.plan, .subject = subject};
  if (!record.labels.empty()) report.calibration = calibrate(record.plan, record.labels);
  count_rubrics(items, arms, report.rubrics);
  const auto own = std::find_if(arms.begin(), arms.end(),
                                [&](const ArmResult& arm) { return arm.name == subject; });
  if (record.plan.rubric.empty() || own == arms.end()) return report;
  const bool pairwise = record.plan.mode == JudgeMode::pairwise;
  std::vector<Values> values(arms.size());
  for (std::size_t a = 0; a < arms.size(); ++a) {
    if (pairwise && arms[a].name == subject) continue;
    report.arms.push_back(judged_arm(report, arms[a], *own, intervals, values[a]));
  }
  const auto place = static_cast<std::size_t>(own - arms.begin());
  for (std::size_t a = 0; a < arms.size() && !pairwise; ++a) {
    if (a == place) continue;
    const bool all_answered = every_item_answered(*own) && every_item_answered(arms[a]);
    if (auto found =
            difference(report, arms[a].name, values[place], values[a], all_answered, intervals))
      report.differences.push_back(*std::move(found));
  }
  return report;
}

}  // namespace attune::eval
