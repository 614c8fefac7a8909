// Which figures a run reports beside format compliance, domain accuracy and exact match, and what
// of an item's row they need. In a suite:
//
//   metrics: [label]                                        the names of score.h say what domain
//   metrics: [{tool_calls: {accepted: ground_truth}}]       accuracy is
//   metrics: [chrf, rouge_l, {faithfulness: {context: abstract}}]
//
//   ATTUNE_TRY(const MeasurePlan plan, read_measures(document, "suite.yaml: metrics"));
//
// measure_arm.h makes the figures. docs/evaluation.md has the table.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "eval/score.h"
#include "io/json.h"

namespace attune::eval {

// Measured beside domain accuracy.
enum class Beside {
  bleu,
  chrf,
  chrf_words,  // chrF++
  rouge_1,
  rouge_2,
  rouge_l,
  meteor,
  field_f1,
  terminology,
  faithfulness,
};
inline constexpr std::array kBesideNames = {
    std::pair{Beside::bleu, std::string_view("bleu")},
    std::pair{Beside::chrf, std::string_view("chrf")},
    std::pair{Beside::chrf_words, std::string_view("chrf++")},
    std::pair{Beside::rouge_1, std::string_view("rouge_1")},
    std::pair{Beside::rouge_2, std::string_view("rouge_2")},
    std::pair{Beside::rouge_l, std::string_view("rouge_l")},
    std::pair{Beside::meteor, std::string_view("meteor")},
    std::pair{Beside::field_f1, std::string_view("field_f1")},
    std::pair{Beside::terminology, std::string_view("terminology")},
    std::pair{Beside::faithfulness, std::string_view("faithfulness")},
};

std::string_view beside_name(Beside beside);

struct BesideSpec {
  Beside beside;
  Json options = Json::object();  // of faithfulness and terminology: {"context": FIELD}; of
                                  // field_f1: {"fields", "keys"} as metrics/field_f1.h reads them
};

struct MeasurePlan {
  std::optional<Metric> metric = {};     // what domain accuracy is; absent: by the references
  Json metric_options = Json::object();  // tool_calls: {"accepted", "functions"}: fields;
                                         // ifeval: {"instructions", "kwargs"}: fields
  std::vector<BesideSpec> beside = {};
};

// A name, an object of one name with its options, or a list of such. Refused: unknown names and
// options, two that say what domain accuracy is, a name twice.
Result<MeasurePlan> read_measures(const Json& document, std::string_view where);
Json to_json(const MeasurePlan& plan);  // what read_measures reads

// "label, chrf, ...", for messages.
std::string measure_names();

}  // namespace attune::eval
