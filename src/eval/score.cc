#include "eval/score.h"

#include <algorithm>

#include "base/ascii.h"
#include "grammar/canonical.h"
#include "metrics/answer_text.h"
#include "metrics/json_part.h"

namespace attune::eval {

namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

bool is_scalar(const Json& value) { return !value.is_structured(); }

// Strings with white space collapsed, throughout.
Json normalised(const Json& value) {
  if (value.is_string()) return collapsed_white_space(value.get_ref<const std::string&>());
  if (!value.is_structured()) return value;
  Json result = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, member] : value.items()) {
    if (value.is_array()) {
      result.push_back(normalised(member));
    } else {
      result[key] = normalised(member);
    }
  }
  return result;
}

bool same(const Json& left, const Json& right) {
  return grammar::same_value(normalised(left), normalised(right));
}

void score_leaf(const Json& reference, const Json* answer, const std::string& name,
                std::vector<FieldScore>& out) {
  out.push_back({.name = name.empty() ? "(value)" : name,
                 .correct = answer != nullptr && same(*answer, reference),
                 .wanted = grammar::excerpt(reference, 200),
                 .found = answer == nullptr ? "(missing)" : grammar::excerpt(*answer, 200)});
}

void score_fields(const Json& reference, const Json* answer, const std::string& name,
                  std::vector<FieldScore>& out) {
  if (reference.is_object() && !reference.empty()) {
    for (const auto& [key, member] : reference.items()) {
      const bool has = answer != nullptr && answer->is_object() && answer->contains(key);
      score_fields(member, has ? &(*answer)[key] : nullptr, name.empty() ? key : name + "." + key,
                   out);
    }
    return;
  }
  const bool list_of_structures =
      reference.is_array() && !std::all_of(reference.begin(), reference.end(), is_scalar);
  if (!list_of_structures) return score_leaf(reference, answer, name, out);
  const std::size_t answered = answer != nullptr && answer->is_array() ? answer->size() : 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    score_fields(reference[i], i < answered ? &(*answer)[i] : nullptr, name + "[]", out);
  }
  for (std::size_t i = reference.size(); i < answered; ++i) {
    out.push_back({.name = name + "[]",
                   .correct = false,
                   .wanted = "(no such element)",
                   .found = grammar::excerpt((*answer)[i], 200)});
  }
}

// Without a contract: the same keys and kinds of values as the reference; null stands for any
// scalar.
bool same_shape(const Json& reference, const Json& answer) {
  if (reference.is_object()) {
    if (!answer.is_object() || answer.size() != reference.size()) return false;
    for (const auto& [key, member] : reference.items()) {
      if (!answer.contains(key) || !same_shape(member, answer[key])) return false;
    }
    return true;
  }
  if (reference.is_array()) {
    if (!answer.is_array()) return false;
    if (reference.empty()) return true;
    return std::all_of(answer.begin(), answer.end(),
                       [&](const Json& member) { return same_shape(reference[0], member); });
  }
  if (reference.is_null() || answer.is_null()) return is_scalar(answer);
  if (reference.is_number()) return answer.is_number();
  return reference.type() == answer.type();
}

void apply_contract(std::string_view answer, const grammar::Contract& contract, ItemScore& score) {
  const grammar::Compliance compliance = contract.check(answer);
  score.compliant = compliance.ok;
  for (const grammar::Violation& violation : compliance.violations) {
    score.violations.push_back(violation.message());
  }
  score.preferred_terms = compliance.terms.preferred;
  score.forbidden_terms = static_cast<std::int64_t>(compliance.terms.forbidden.size());
}

}  // namespace

std::string collapsed_white_space(std::string_view text) {
  std::string out;
  bool gap = false;
  for (char c : text) {
    if (kSpace.find(c) != std::string_view::npos) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

std::optional<Json> json_reference(std::string_view reference) {
  Result<Json> parsed = parse_json(reference, "reference");
  if (parsed && parsed->is_structured()) return *std::move(parsed);
  return std::nullopt;
}

std::optional<Json> find_json(std::string_view text) {
  if (std::optional<Json> whole = json_reference(text)) return whole;
  std::optional<metrics::JsonPart> part = metrics::find_json_part(text);
  if (!part) return std::nullopt;
  return std::move(part->value);
}

ItemScore score_json(std::string_view answer, const Json& reference,
                     const grammar::Contract* contract) {
  ItemScore score;
  const std::optional<Json> found = find_json(answer);
  const std::optional<Json> whole = json_reference(answer);
  score.json_found = found.has_value();
  score_fields(reference, found ? &*found : nullptr, "", score.fields);
  const auto correct = std::count_if(score.fields.begin(), score.fields.end(),
                                     [](const FieldScore& field) { return field.correct; });
  score.accuracy = static_cast<double>(correct) /
                   static_cast<double>(std::max<std::size_t>(1, score.fields.size()));
  score.exact = whole && same(*whole, reference);
  if (contract != nullptr) {
    apply_contract(answer, *contract, score);
  } else if (!whole) {
    score.violations.push_back("the answer is not one JSON object or list");
  } else {
    score.compliant = same_shape(reference, *whole);
    if (!score.compliant)
      score.violations.push_back("the answer's keys or types differ from the reference's");
  }
  return score;
}

ItemScore score_text(std::string_view answer, std::string_view reference,
                     const grammar::Contract* contract) {
  ItemScore score;
  const std::string collapsed = collapsed_white_space(answer);
  score.json_found = find_json(answer).has_value();
  score.accuracy = token_f1(answer, reference);
  score.exact = collapsed == collapsed_white_space(reference);
  if (contract != nullptr) {
    apply_contract(answer, *contract, score);
  } else {
    score.compliant = !collapsed.empty();
    if (!score.compliant) score.violations.push_back("the answer is empty");
  }
  return score;
}

ItemScore score_label(std::string_view answer, std::string_view reference,
                      const grammar::Contract* contract) {
  ItemScore score = score_text(answer, reference, contract);
  const bool right =
      ascii_lower(collapsed_white_space(answer)) == ascii_lower(collapsed_white_space(reference));
  score.accuracy = right ? 1 : 0;
  return score;
}

std::string_view metric_name(Metric metric) {
  for (const auto& [one, name] : kMetricNames) {
    if (one == metric) return name;
  }
  return "";
}

std::string_view metric_words(Metric metric) {
  switch (metric) {
    case Metric::field_accuracy:
    case Metric::label:
      break;
    case Metric::token_f1:
      return "token F1";
    case Metric::assertions:
      return "assertions held";
    case Metric::tool_calls:
      return "right calls";
    case Metric::ifeval:
      return "instructions kept";
    case Metric::criteria:
      return "criteria passed";
  }
  return "domain accuracy";
}

double token_f1(std::string_view answer, std::string_view reference) {
  return metrics::token_f1(answer, reference, {.articles = false, .numbers = false});
}

}  // namespace attune::eval
