// Assertions over one answer, in the words of promptfoo's test files: each has a type, a value, a
// threshold where the type has one, and a weight; "not-" before a type turns it round.
//
//   ATTUNE_TRY(Assertion assertion, read_assertion({{"type", "contains"}, {"value", "refund"}},
//                                                  variables, "suite.yaml: tests[0]"));
//   AssertionResult result = check(assertion, answer);
//
//   equals               the text, or JSON by value
//   contains, icontains, contains-any, contains-all, icontains-any, icontains-all, starts-with
//   regex                somewhere in the text (ECMA-262)
//   is-json              one JSON document, valid under `value` where that is a schema
//   contains-json        some JSON object or list in the text is
//   levenshtein          at most `threshold` edits (5)
//   token-f1             at least `threshold` (0.75)
//   word-count           value: a number, or {min, max}
//   llm-rubric           the suite's judge passes the answer by the rubric `value` (judge.h)
//
// What else asks a model (similar, factuality, ...) or runs code (javascript, python, webhook) is
// refused when it is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "eval/score.h"
#include "grammar/json_schema.h"
#include "grammar/regex.h"
#include "io/json.h"

namespace attune::eval {

struct Assertion {
  std::string type;  // without "not-"
  bool negated = false;
  Json value = nullptr;  // variables in it are filled in
  std::optional<double> threshold = {};
  double weight = 1;
  std::string metric = {};  // a name to sum up under
  std::optional<grammar::Regex> pattern = {};
  std::optional<grammar::JsonSchema> schema = {};

  std::string shown() const;  // "not-contains \"refund\""
};

struct AssertionResult {
  bool pass = false;
  std::string reason;  // empty when it passes
};

// `variables` fill {{name}} in texts of the value; null: they were filled in before.
Result<Assertion> read_assertion(const Json& document, const Json& variables,
                                 std::string_view where);

Json to_json(const Assertion& assertion);  // what read_assertion reads, with null variables

AssertionResult check(const Assertion& assertion, std::string_view answer);

// Each assertion as a field; accuracy is the weighted share of those that hold. Compliant: the
// contract; without one, every is-json assertion, or any text where there is none.
// `judged` has the judge's reply, {"text"}, to each llm-rubric, in their order; a reply that says
// no one thing counts as not held.
ItemScore score_assertions(std::string_view answer, const std::vector<Assertion>& assertions,
                           const grammar::Contract* contract, const std::vector<Json>& judged = {});
bool asks_judge(const Assertion& assertion);

// "{{name}}" replaced by the variable, texts as they are and other values as JSON; a name that is
// not there is refused.
Result<std::string> fill_template(std::string_view text, const Json& variables,
                                  std::string_view where);

}  // namespace attune::eval
