#include "eval/grader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "io/json.h"
#include "io/text_encoding.h"
#include "text/unicode.h"

namespace attune::eval {

namespace {

bool is_text(wire::GraderType type) {
  return type == wire::GraderType::string_check || type == wire::GraderType::text_similarity;
}

Grade no_grade(GradeFault fault, std::string message) {
  Grade grade;
  grade.problem = GradeProblem{.fault = fault, .message = std::move(message)};
  return grade;
}

// A distance of two texts of this size takes seconds.
constexpr std::size_t kMostCompared = std::size_t{256} << 10;

Grade missing(const ValuePath& path, const Namespaces& values) {
  const bool no_json = path.needs_output_json() && !values.sample.contains("output_json");
  Grade grade = no_json
                    ? no_grade(GradeFault::sample_parse,
                               fmt::format("{{{{{}}}}}: the answer is not JSON", path.text()))
                    : no_grade(GradeFault::invalid_variable,
                               fmt::format("{{{{{}}}}} has no value {}", path.text(),
                                           path.is_of_sample() ? "in the answer" : "in this item"));
  grade.problem->of_answer = path.is_of_sample() && values.sample.contains("output_text");
  return grade;
}

// Why a template gave no text, if it did not.
std::optional<Grade> fault_of(const Template::Filled& filled, const Namespaces& values) {
  if (filled.missing) return missing(*filled.missing, values);
  if (!filled.too_long) return {};
  return no_grade(GradeFault::too_long, fmt::format("a text of the grader has more than {} MiB",
                                                    Template::kMostBytes >> 20));
}

// In linear time, whatever the texts are.
bool contains(std::string_view text, std::string_view part) {
  return part.empty() || ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

bool holds(const wire::Grader& grader, const std::string& input, const std::string& reference) {
  switch (grader.operation) {
    case wire::StringOperation::eq:
      return input == reference;
    case wire::StringOperation::ne:
      return input != reference;
    case wire::StringOperation::like:
      return contains(input, reference);
    case wire::StringOperation::ilike:
      return contains(text::lower_case(input), text::lower_case(reference));
  }
  return false;
}

// What passes where the grader does not say: the middle of the range.
double threshold_of(const wire::Grader& grader) {
  return grader.pass_threshold.value_or((grader.least + grader.most) / 2);
}

std::optional<double> whole_number(std::string_view text) {
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<double> first_number(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool fraction = text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1]);
    if (!is_digit(text[at]) && !fraction) continue;
    const bool minus = at > 0 && text[at - 1] == '-' && (at == 1 || !is_digit(text[at - 2]));
    double value = 0;
    const auto [end, fault] = std::from_chars(text.data() + at, text.data() + text.size(), value);
    if (fault != std::errc() || !std::isfinite(value)) return {};  // beyond what a number can be
    return minus ? -value : value;
  }
  return {};
}

}  // namespace

std::optional<double> read_score(std::string_view text) {
  const std::string_view trimmed = without_blanks(text);
  if (const auto whole = whole_number(trimmed)) return whole;
  const std::size_t open = trimmed.find('{');
  const std::size_t close = trimmed.rfind('}');
  if (open != trimmed.npos && close != trimmed.npos && open < close) {
    const auto json = parse_json(trimmed.substr(open, close - open + 1), "answer");
    for (const char* name : {"score", "result"}) {
      if (!json || !json->is_object() || !json->contains(name)) continue;
      const Json& value = (*json)[name];
      if (value.is_number()) return value.get<double>();
      if (value.is_string()) return whole_number(value.get_ref<const std::string&>());
    }
  }
  return first_number(trimmed);
}

// ---- preparing ----

Result<Judge> Judge::prepare(wire::Grader grader) {
  Judge judge(std::move(grader));
  ATTUNE_TRY_VOID(judge.prepare_parts());
  return judge;
}

Result<void> Judge::prepare_parts() {
  const auto add = [&](const std::string& text) -> Result<void> {
    auto made = Template::parse(text);
    if (!made) {
      Error error = std::move(made).error();
      error.where = fmt::format("grader {}", quote_for_message(grader_.name));
      return Failure(std::move(error));
    }
    templates_.push_back(std::move(*made));
    return {};
  };
  if (is_text(grader_.type)) {
    ATTUNE_TRY_VOID(add(grader_.input));
    ATTUNE_TRY_VOID(add(grader_.reference));
  }
  for (const wire::PromptMessage& message : grader_.messages) {
    ATTUNE_TRY_VOID(add(message.content));
  }
  if (grader_.type == wire::GraderType::text_similarity) {
    const auto similarity = metrics::find_similarity(grader_.metric);
    if (!similarity) {
      return bad_input({.where = "evaluation_metric",
                        .found = quote_for_message(grader_.metric),
                        .wanted = metrics::similarity_names()});
    }
    similarity_ = *similarity;
  }
  if (grader_.type != wire::GraderType::multi) return {};
  std::vector<std::string> names;
  for (auto& [name, inner] : grader_.graders) {
    names.push_back(formula_name(name));
    ATTUNE_TRY(Judge part, prepare(inner));
    parts_.push_back(std::move(part));
  }
  ATTUNE_TRY(formula_, Formula::parse(grader_.calculate_output, names));
  return {};
}

std::vector<const ValuePath*> Judge::places() const {
  std::vector<const ValuePath*> all;
  for (const Template& one : templates_) {
    const std::vector<const ValuePath*> places = one.places();
    all.insert(all.end(), places.begin(), places.end());
  }
  for (const Judge& part : parts_) {
    const std::vector<const ValuePath*> places = part.places();
    all.insert(all.end(), places.begin(), places.end());
  }
  return all;
}

// ---- grading ----

Grade Judge::compare(const Namespaces& values) const {
  const Template::Filled input = templates_[0].fill(values);
  if (auto fault = fault_of(input, values)) return std::move(*fault);
  const Template::Filled reference = templates_[1].fill(values);
  if (auto fault = fault_of(reference, values)) return std::move(*fault);
  Grade grade;
  if (grader_.type == wire::GraderType::string_check) {
    grade.passed = holds(grader_, input.text, reference.text);
    grade.score = grade.passed ? 1 : 0;
  } else if (std::max(input.text.size(), reference.text.size()) > kMostCompared) {
    return no_grade(
        GradeFault::too_long,
        fmt::format("texts of {} and {} bytes: {} compares at most {} KiB", input.text.size(),
                    reference.text.size(), grader_.metric, kMostCompared >> 10));
  } else {
    grade.score = metrics::text_similarity(similarity_, input.text, reference.text);
    grade.passed = grade.score >= threshold_of(grader_);
  }
  return grade;
}

Grade Judge::ask_model(const Namespaces& values, const AskModel& ask) const {
  ModelQuestion question{.model = grader_.model,
                         .messages = {},
                         .sampling = grader_.sampling,
                         .labels = grader_.labels};
  for (std::size_t i = 0; i < grader_.messages.size(); ++i) {
    Template::Filled content = templates_[i].fill(values);
    if (auto fault = fault_of(content, values)) return std::move(*fault);
    question.messages.push_back(
        {.role = grader_.messages[i].role, .content = std::move(content.text)});
  }
  Result<ModelReply> reply = ask(question);
  if (!reply) return no_grade(GradeFault::model_server, reply.error().message());
  Grade grade;
  grade.reply = std::move(*reply);
  if (grader_.type == wire::GraderType::label_model) {
    const auto& passing = grader_.passing_labels;
    grade.passed = std::find(passing.begin(), passing.end(), grade.reply->text) != passing.end();
    grade.score = grade.passed ? 1 : 0;
    return grade;
  }
  const std::optional<double> score = read_score(grade.reply->text);
  if (!score || *score < grader_.least || *score > grader_.most) {
    grade.problem =
        GradeProblem{.fault = GradeFault::model_parse,
                     .message = fmt::format("{} answered {}, where a number from {} to {} was "
                                            "wanted",
                                            grader_.model, quote_for_message(grade.reply->text),
                                            grader_.least, grader_.most)};
    return grade;
  }
  grade.score = *score;
  grade.passed = *score >= threshold_of(grader_);
  return grade;
}

Grade Judge::combine(const Namespaces& values, const AskModel& ask) const {
  Grade grade;
  std::vector<double> scores;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Grade part = parts_[i].grade(values, ask);
    if (part.problem && !grade.problem) {
      grade.problem = part.problem;
      grade.problem->message =
          fmt::format("grader {}: {}", grader_.graders[i].first, grade.problem->message);
    }
    scores.push_back(part.score);
    grade.parts.emplace_back(grader_.graders[i].first, std::move(part));
  }
  if (grade.problem) return grade;
  const Result<double> score = formula_->evaluate(scores);
  if (!score) {
    grade.problem = GradeProblem{.fault = GradeFault::formula, .message = score.error().message()};
    return grade;
  }
  grade.score = *score;
  grade.passed = *score >= threshold_of(grader_);
  return grade;
}

Grade Judge::grade(const Namespaces& values, const AskModel& ask) const {
  if (is_text(grader_.type)) return compare(values);
  if (grader_.type == wire::GraderType::multi) return combine(values, ask);
  return ask_model(values, ask);
}

}  // namespace attune::eval
