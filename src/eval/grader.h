// Runs a grader of the evals API on one answer.
//
//   ATTUNE_TRY(const Judge judge, Judge::prepare(grader));      // templates, formula: once
//   const Grade grade = judge.grade({.item = item, .sample = sample}, ask);
//   if (grade.problem) print(grade.problem->message); else print(grade.score, grade.passed);
//
// label_model and score_model ask a model through `ask`. A label is one of the grader's labels,
// whatever the model would rather write; a score is the number that it writes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "eval/grader_formula.h"
#include "eval/grader_template.h"
#include "metrics/text_similarity.h"
#include "wire/grader.h"
#include "wire/sampling.h"

namespace attune::eval {

struct ModelQuestion {
  std::string model;
  std::vector<wire::PromptMessage> messages;
  wire::GraderSampling sampling;
  std::vector<std::string> labels;  // the answer must be one of them; empty: free text
};
struct ModelReply {
  std::string text;
  std::string model;
  bool cut_off = false;  // ended by the limit of its tokens
  wire::Usage usage;
};
using AskModel = std::function<Result<ModelReply>(const ModelQuestion&)>;

// Why there is no grade, under the API's names.
enum class GradeFault {
  formula,           // formula_parse_error
  sample_parse,      // sample_parse_error: output_json of an answer that is no JSON
  invalid_variable,  // invalid_variable_error: a template names what is not there
  model_server,      // model_grader_server_error
  model_parse,       // model_grader_parse_error: its answer holds no score
  too_long,          // other_error: a text that can't be compared or asked in reasonable time
};
struct GradeProblem {
  GradeFault fault;
  std::string message;
  // The answer itself lacks what was asked for, JSON or a field of it: that is a failed test. What
  // else there is, the item or the judge is to blame for.
  bool of_answer = false;
};

struct Grade {
  double score = 0;
  bool passed = false;
  std::optional<GradeProblem> problem = {};
  std::optional<ModelReply> reply = {};                   // of a model grader
  std::vector<std::pair<std::string, Grade>> parts = {};  // of a multi grader
};

class Judge {
 public:
  static Result<Judge> prepare(wire::Grader grader);

  Grade grade(const Namespaces& values, const AskModel& ask) const;
  const wire::Grader& grader() const { return grader_; }
  // Every place of every template, those of inner graders too.
  std::vector<const ValuePath*> places() const;

 private:
  explicit Judge(wire::Grader grader) : grader_(std::move(grader)) {}
  Result<void> prepare_parts();
  Grade compare(const Namespaces& values) const;
  Grade ask_model(const Namespaces& values, const AskModel& ask) const;
  Grade combine(const Namespaces& values, const AskModel& ask) const;

  wire::Grader grader_;
  std::vector<Template> templates_;  // input and reference, or one a message
  metrics::Similarity similarity_ = {};
  std::vector<Judge> parts_;
  std::optional<Formula> formula_;
};

// The score in a model's answer: the whole text, or the member "score" or "result" of a JSON
// object, or else the first number in it. None: there is no number.
std::optional<double> read_score(std::string_view text);

}  // namespace attune::eval
