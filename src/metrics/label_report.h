// How well labels were given to many items: accuracy, F1 by label, macro-F1, Matthews correlation,
// Cohen's kappa and the confusion counts.
//
//   const LabelReport report = label_report(wanted, given);
//
//   precision = correct / given as the label,  recall = correct / wanted as the label,
//   F1 = 2 correct / (given + wanted);  a label never given or never wanted has F1 0
//   macro-F1  the mean F1 over the labels that occur on either side; weighted-F1: by how often
//             they are wanted
//   MCC       (c s - sum_k p_k t_k) / sqrt((s^2 - sum p_k^2)(s^2 - sum t_k^2))   (Gorodkin 2004)
//   kappa     (p_o - p_e) / (1 - p_e)                                            (Cohen 1960)
//
// with c correct items of s, p_k given and t_k wanted as label k. What is undefined is absent. A
// label that no one knows ("(none)" for an answer without one) is a label like any other.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace attune::metrics {

struct LabelScore {
  std::string label;
  std::int64_t wanted = 0;
  std::int64_t given = 0;
  std::int64_t correct = 0;
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

struct LabelReport {
  std::int64_t items = 0;
  std::optional<double> accuracy;
  std::optional<double> macro_f1;
  std::optional<double> weighted_f1;
  std::optional<double> mcc;            // absent when all items are wanted, or given, as one label
  std::optional<double> kappa;          // absent when chance alone explains full agreement
  std::vector<LabelScore> labels;       // sorted by name
  std::vector<std::int64_t> confusion;  // [wanted][given], labels x labels
  std::int64_t confused(std::size_t wanted, std::size_t given) const {
    return confusion[wanted * labels.size() + given];
  }
};

// Both of the same size.
LabelReport label_report(std::span<const std::string> wanted, std::span<const std::string> given);

}  // namespace attune::metrics
