#include "eval/assertion.h"

#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "base/trim.h"
#include "eval/judge.h"
#include "eval/score.h"
#include "grammar/canonical.h"

namespace attune::eval {

namespace {

constexpr double kMostEdits = 5;           // promptfoo's default threshold of levenshtein
constexpr double kLeastSimilarity = 0.75;  // and of its similarities

using Check = AssertionResult (*)(const Assertion&, std::string_view);

enum class Value { text, texts, schema, pattern, words, any };

struct Kind {
  std::string_view name;
  Value value;
  Check check;
};

AssertionResult verdict(bool pass, std::string reason) {
  return {.pass = pass, .reason = pass ? "" : std::move(reason)};
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

AssertionResult check_equals(const Assertion& a, std::string_view answer) {
  if (!a.value.is_string()) {
    const Result<Json> parsed = parse_json(answer, "answer");
    return verdict(parsed && grammar::same_value(*parsed, a.value),
                   "the answer is not the value wanted");
  }
  return verdict(trim(answer) == trim(a.value.get_ref<const std::string&>()),
                 "the answer is another text");
}

// Which of the texts wanted are in the answer.
std::vector<std::string> absent(const Assertion& a, std::string_view answer, bool caseless) {
  const std::string text = caseless ? ascii_lower(answer) : std::string(answer);
  std::vector<std::string> missing;
  const Json list = a.value.is_array() ? a.value : Json::array({a.value});
  for (const Json& wanted : list) {
    const std::string part = caseless ? ascii_lower(text_of(wanted)) : text_of(wanted);
    if (text.find(part) == std::string::npos) missing.push_back(text_of(wanted));
  }
  return missing;
}

std::size_t wanted_texts(const Assertion& a) { return a.value.is_array() ? a.value.size() : 1; }

template <bool caseless>
AssertionResult check_all(const Assertion& a, std::string_view answer) {
  const std::vector<std::string> missing = absent(a, answer, caseless);
  return verdict(missing.empty(), fmt::format("not in the answer: {}", fmt::join(missing, ", ")));
}

template <bool caseless>
AssertionResult check_any(const Assertion& a, std::string_view answer) {
  return verdict(absent(a, answer, caseless).size() < wanted_texts(a),
                 "none of the texts wanted is in the answer");
}

AssertionResult check_start(const Assertion& a, std::string_view answer) {
  return verdict(trim(answer).starts_with(text_of(a.value)), "the answer begins otherwise");
}

AssertionResult check_regex(const Assertion& a, std::string_view answer) {
  const grammar::Match match = a.pattern->search(answer);
  return verdict(match == grammar::Match::yes, match == grammar::Match::exhausted
                                                   ? "the pattern needs too many steps"
                                                   : "the pattern is not in the answer");
}

AssertionResult check_value(const Assertion& a, const std::optional<Json>& value) {
  if (!value) return verdict(false, "there is no JSON document");
  if (!a.schema) return verdict(true, "");
  const std::vector<grammar::Violation> violations = a.schema->validate(*value);
  return verdict(violations.empty(), violations.empty() ? "" : violations.front().message());
}

AssertionResult check_is_json(const Assertion& a, std::string_view answer) {
  Result<Json> parsed = parse_json(trim(answer), "answer");
  return check_value(a, parsed ? std::optional<Json>(*std::move(parsed)) : std::nullopt);
}

AssertionResult check_contains_json(const Assertion& a, std::string_view answer) {
  return check_value(a, find_json(answer));
}

// Levenshtein distance over bytes, one row at a time.
std::size_t edits(std::string_view one, std::string_view two) {
  std::vector<std::size_t> row(two.size() + 1);
  for (std::size_t k = 0; k < row.size(); ++k) row[k] = k;
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t k = 0; k < two.size(); ++k) {
      const std::size_t replaced = diagonal + (one[i] == two[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({row[k + 1] + 1, row[k] + 1, replaced});
    }
  }
  return row.back();
}

AssertionResult check_levenshtein(const Assertion& a, std::string_view answer) {
  const std::size_t distance = edits(trim(answer), text_of(a.value));
  return verdict(static_cast<double>(distance) <= a.threshold.value_or(kMostEdits),
                 fmt::format("{} edits away", distance));
}

AssertionResult check_token_f1(const Assertion& a, std::string_view answer) {
  const double f1 = token_f1(answer, text_of(a.value));
  return verdict(f1 >= a.threshold.value_or(kLeastSimilarity), fmt::format("token F1 {:.2f}", f1));
}

AssertionResult check_words(const Assertion& a, std::string_view answer) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : answer) {
    const bool space = std::string_view(" \t\r\n\f\v").find(c) != std::string_view::npos;
    words += !space && !inside ? 1 : 0;
    inside = !space;
  }
  const bool exact = a.value.is_number();
  const std::int64_t least =
      exact ? a.value.get<std::int64_t>() : a.value.value("min", std::int64_t{0});
  const std::int64_t most = exact ? least : a.value.value("max", std::int64_t{1} << 60);
  return verdict(words >= least && words <= most, fmt::format("{} words", words));
}

// Without the judge's reply nothing is known: see judge_reply.
AssertionResult check_rubric(const Assertion&, std::string_view) {
  return verdict(false, "no judge was asked");
}

constexpr std::array kKinds = {
    Kind{"equals", Value::any, check_equals},
    Kind{"contains", Value::text, check_all<false>},
    Kind{"icontains", Value::text, check_all<true>},
    Kind{"contains-all", Value::texts, check_all<false>},
    Kind{"icontains-all", Value::texts, check_all<true>},
    Kind{"contains-any", Value::texts, check_any<false>},
    Kind{"icontains-any", Value::texts, check_any<true>},
    Kind{"starts-with", Value::text, check_start},
    Kind{"regex", Value::pattern, check_regex},
    Kind{"is-json", Value::schema, check_is_json},
    Kind{"contains-json", Value::schema, check_contains_json},
    Kind{"levenshtein", Value::text, check_levenshtein},
    Kind{"token-f1", Value::text, check_token_f1},
    Kind{"word-count", Value::words, check_words},
    Kind{"llm-rubric", Value::text, check_rubric},
};

const Kind* find_kind(std::string_view name) {
  const auto* kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& one) { return one.name == name; });
  return kind == kKinds.end() ? nullptr : kind;
}

std::string kind_names() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  return fmt::format("one of {}, or not- before one", fmt::join(names, ", "));
}

bool is_size(const Json& value) {
  return value.is_number_integer() && value.get<std::int64_t>() >= 0;
}

// Why a value does not suit its kind; empty: it does.
std::string_view value_wanted(Value kind, const Json& value) {
  const bool scalar = !value.is_structured() && !value.is_null();
  switch (kind) {
    case Value::text:
      return scalar ? "" : "a text";
    case Value::texts:
      return scalar || (value.is_array() && !value.empty()) ? "" : "a list of texts";
    case Value::pattern:
      return value.is_string() ? "" : "a pattern";
    case Value::schema:
      return value.is_null() || value.is_object() || value.is_boolean() ? "" : "a JSON Schema";
    case Value::words: {
      const std::size_t known =
          value.is_object() ? value.count("min") + value.count("max") : std::size_t{0};
      const bool range = known > 0 && known == value.size() &&
                         (!value.contains("min") || is_size(value["min"])) &&
                         (!value.contains("max") || is_size(value["max"]));
      return is_size(value) || range ? "" : "a number of words, or {min, max}";
    }
    case Value::any:
      return value.is_null() ? "a value" : "";
  }
  return "";
}

Result<Json> filled(const Json& value, const Json& variables, std::string_view where) {
  if (value.is_string()) {
    ATTUNE_TRY(std::string text,
               fill_template(value.get_ref<const std::string&>(), variables, where));
    return Json(std::move(text));
  }
  if (!value.is_structured()) return value;
  Json result = value;
  for (auto& member : result) {
    ATTUNE_TRY(member, filled(member, variables, where));
  }
  return result;
}

// Patterns and schemas are compiled once.
Result<void> compile(Assertion& assertion, Value kind, std::string_view where) {
  if (kind == Value::pattern) {
    auto pattern = grammar::Regex::compile(assertion.value.get<std::string>());
    if (!pattern) return Failure(pattern.error());
    assertion.pattern = *std::move(pattern);
  }
  if (kind == Value::schema && !assertion.value.is_null()) {
    auto schema = grammar::JsonSchema::compile(assertion.value, where);
    if (!schema) return Failure(schema.error());
    assertion.schema = *std::move(schema);
  }
  return {};
}

Result<void> check_members(const Json& document, std::string_view where) {
  static constexpr std::array kKnown = {"type", "value", "threshold", "weight", "metric"};
  const auto refuse = [&](std::string found, std::string wanted) {
    return bad_input(
        {.where = std::string(where), .found = std::move(found), .wanted = std::move(wanted)});
  };
  if (!document.is_object() || !document.contains("type") || !document["type"].is_string())
    return refuse("an assertion without a type", "type: " + kind_names());
  for (const auto& [key, value] : document.items()) {
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end())
      return refuse(fmt::format("the key \"{}\"", key), fmt::format("{}", fmt::join(kKnown, ", ")));
  }
  for (const char* key : {"threshold", "weight"}) {
    if (document.contains(key) && !(document[key].is_number() && document[key].get<double>() >= 0))
      return refuse(fmt::format("{}: {}", key, to_text(document[key])), "a number, 0 or more");
  }
  return {};
}

}  // namespace

std::string Assertion::shown() const {
  const std::string what = value.is_null() ? "" : " " + grammar::excerpt(value, 80);
  return fmt::format("{}{}{}", negated ? "not-" : "", type, what);
}

Result<Assertion> read_assertion(const Json& document, const Json& variables,
                                 std::string_view where) {
  ATTUNE_TRY_VOID(check_members(document, where));
  Assertion assertion;
  assertion.type = document["type"].get<std::string>();
  assertion.negated = assertion.type.starts_with("not-");
  if (assertion.negated) assertion.type.erase(0, 4);
  const Kind* kind = find_kind(assertion.type);
  if (kind == nullptr) {
    return bad_input(
        {.where = std::string(where),
         .found = fmt::format("type \"{}\"", assertion.type),
         .wanted = kind_names(),
         .fix =
             "assertions that run code, or ask a model (but llm-rubric), are not evaluated here"});
  }
  assertion.value = document.contains("value") ? document["value"] : Json();
  if (!variables.is_null()) {
    ATTUNE_TRY(assertion.value, filled(assertion.value, variables, where));
  }
  const std::string_view wanted = value_wanted(kind->value, assertion.value);
  if (!wanted.empty()) {
    return bad_input({.where = std::string(where),
                      .found = fmt::format("value {} for {}", grammar::excerpt(assertion.value, 80),
                                           assertion.type),
                      .wanted = std::string(wanted)});
  }
  if (document.contains("threshold")) assertion.threshold = document["threshold"].get<double>();
  assertion.weight = document.value("weight", 1.0);
  if (document.contains("metric")) assertion.metric = text_of(document["metric"]);
  ATTUNE_TRY_VOID(compile(assertion, kind->value, where));
  return assertion;
}

Json to_json(const Assertion& assertion) {
  Json json = {{"type", (assertion.negated ? "not-" : "") + assertion.type}};
  if (!assertion.value.is_null()) json["value"] = assertion.value;
  if (assertion.threshold) json["threshold"] = *assertion.threshold;
  if (assertion.weight != 1) json["weight"] = assertion.weight;
  if (!assertion.metric.empty()) json["metric"] = assertion.metric;
  return json;
}

bool asks_judge(const Assertion& assertion) { return assertion.type == "llm-rubric"; }

AssertionResult check(const Assertion& assertion, std::string_view answer) {
  AssertionResult result = find_kind(assertion.type)->check(assertion, answer);
  if (!assertion.negated) return result;
  if (assertion.pattern && assertion.pattern->search(answer) == grammar::Match::exhausted)
    return result;  // nothing is known
  return verdict(!result.pass, "what was not wanted holds");
}

namespace {

AssertionResult judged_by(const Assertion& assertion, const Json* reply) {
  const Judgement said =
      judgement_of({}, reply == nullptr ? std::vector<Json>() : std::vector<Json>{*reply});
  if (!said.value) return verdict(false, "the judge gave no one verdict");
  return verdict((*said.value == 1) != assertion.negated, "the judge says otherwise");
}

}  // namespace

ItemScore score_assertions(std::string_view answer, const std::vector<Assertion>& assertions,
                           const grammar::Contract* contract, const std::vector<Json>& judged) {
  std::size_t next = 0;
  ItemScore score = score_text(answer, "", contract);
  double weight = 0, held = 0;
  bool all = true, json_kept = true;
  for (const Assertion& assertion : assertions) {
    const bool rubric = asks_judge(assertion);
    const Json* const reply = rubric && next < judged.size() ? &judged[next] : nullptr;
    next += rubric ? 1 : 0;
    const AssertionResult result = rubric ? judged_by(assertion, reply) : check(assertion, answer);
    weight += assertion.weight;
    held += result.pass ? assertion.weight : 0;
    all = all && result.pass;
    json_kept = json_kept && (result.pass || assertion.type != "is-json");
    score.fields.push_back({.name = assertion.metric.empty() ? assertion.type : assertion.metric,
                            .correct = result.pass,
                            .wanted = assertion.shown(),
                            .found = result.reason});
    if (!result.pass) score.violations.push_back(assertion.shown() + ": " + result.reason);
  }
  score.accuracy = weight > 0 ? held / weight : (all ? 1 : 0);
  score.exact = all;
  if (contract == nullptr) score.compliant = score.compliant && json_kept;
  return score;
}

Result<std::string> fill_template(std::string_view text, const Json& variables,
                                  std::string_view where) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find("{{", at);
    const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) return out + std::string(text.substr(at));
    out += text.substr(at, open - at);
    const std::string name(trim(text.substr(open + 2, close - open - 2)));
    const Json* value = &variables;
    for (std::size_t from = 0; value != nullptr && from <= name.size();) {
      const std::size_t dot = std::min(name.find('.', from), name.size());
      const std::string key = name.substr(from, dot - from);
      value = value->is_object() && value->contains(key) ? &(*value)[key] : nullptr;
      from = dot + 1;
    }
    if (value == nullptr) {
      return bad_input({.where = std::string(where),
                        .found = fmt::format("{{{{{}}}}} in a template", name),
                        .wanted = "the name of a variable of the test",
                        .fix = "add it under vars"});
    }
    out += text_of(*value);
    at = close + 2;
  }
  return out;
}

}  // namespace attune::eval
