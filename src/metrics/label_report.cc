#include "metrics/label_report.h"

#include <cmath>
#include <map>

#include "base/check.h"

namespace attune::metrics {

namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void score_labels(LabelReport& report) {
  double macro = 0;
  double weighted = 0;
  for (LabelScore& label : report.labels) {
    label.precision = ratio(label.correct, label.given);
    label.recall = ratio(label.correct, label.wanted);
    label.f1 = ratio(2 * label.correct, label.given + label.wanted);
    macro += label.f1;
    weighted += label.f1 * static_cast<double>(label.wanted);
  }
  report.macro_f1 = macro / static_cast<double>(report.labels.size());
  report.weighted_f1 = weighted / static_cast<double>(report.items);
}

void score_agreement(LabelReport& report) {
  const auto items = static_cast<double>(report.items);
  double correct = 0;
  double by_chance = 0;  // sum of p_k t_k
  double given_square = 0;
  double wanted_square = 0;
  for (const LabelScore& label : report.labels) {
    const auto given = static_cast<double>(label.given);
    const auto wanted = static_cast<double>(label.wanted);
    correct += static_cast<double>(label.correct);
    by_chance += given * wanted;
    given_square += given * given;
    wanted_square += wanted * wanted;
  }
  report.accuracy = correct / items;
  const double spread = (items * items - given_square) * (items * items - wanted_square);
  if (spread > 0) report.mcc = (correct * items - by_chance) / std::sqrt(spread);
  const double chance = by_chance / (items * items);
  if (chance < 1) report.kappa = (correct / items - chance) / (1 - chance);
}

}  // namespace

LabelReport label_report(std::span<const std::string> wanted, std::span<const std::string> given) {
  CHECK(wanted.size() == given.size(), "{} labels wanted, {} given", wanted.size(), given.size());
  LabelReport report;
  report.items = static_cast<std::int64_t>(wanted.size());
  if (wanted.empty()) return report;
  std::map<std::string, std::size_t> places;
  for (const std::string& label : wanted) places[label] = 0;
  for (const std::string& label : given) places[label] = 0;
  for (auto& [label, place] : places) {
    place = report.labels.size();
    report.labels.push_back({.label = label});
  }
  report.confusion.assign(report.labels.size() * report.labels.size(), 0);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::size_t row = places[wanted[i]];
    const std::size_t column = places[given[i]];
    ++report.confusion[row * report.labels.size() + column];
    ++report.labels[row].wanted;
    ++report.labels[column].given;
    if (row == column) ++report.labels[row].correct;
  }
  score_labels(report);
  score_agreement(report);
  return report;
}

}  // namespace attune::metrics
