// Whether several answers to one question say the same: agreement of outputs for the consistency
// score.
//
//   mean_agreement(outputs, {.as = OutputKind::json, .decision_fields = {"/priority"}})
//
//   A = 2 / (K (K - 1)) sum over pairs of sim(y_a, y_b)
//
//   json   1 when the first JSON value of both is the same in its decision fields (JSON pointers;
//          none: as a whole), else 0; an answer without JSON agrees with none
//   label  1 when both are equal after the normalisation of answer_text.h, else 0
//   text   token F1 of answer_text.h
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune::metrics {

enum class OutputKind { json, label, text };

struct OutputRule {
  OutputKind as = OutputKind::text;
  std::vector<std::string> decision_fields = {};
};

// What an output decides, in one spelling; nothing where it decides nothing (no JSON, no text).
std::optional<std::string> canonical_output(std::string_view output, const OutputRule& rule);

// Nothing for fewer than two outputs.
std::optional<double> mean_agreement(std::span<const std::string> outputs, const OutputRule& rule);

// The chance that k outputs drawn from n, of which c are right, are all right: C(c, k) / C(n, k)
// (pass^k of tau-bench). Nothing when k is below 1 or above n.
std::optional<double> pass_power_k(std::int64_t right, std::int64_t n, std::int64_t k);

}  // namespace attune::metrics
