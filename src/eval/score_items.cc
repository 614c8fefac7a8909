#include "eval/score_items.h"

#include <algorithm>

#include "base/check.h"
#include "eval/score_calls.h"
#include "eval/score_instructions.h"

namespace attune::eval {

namespace {

ItemScore score_answer(const Item& item, const Answer& answer, Metric metric, const ScoredBy& by) {
  switch (metric) {
    case Metric::field_accuracy:
      return score_json(answer.text, *json_reference(item.reference), by.contract);
    case Metric::label:
      return score_label(answer.text, item.reference, by.contract);
    case Metric::assertions:
      return score_assertions(answer.text, item.assertions, by.contract, answer.judged);
    case Metric::tool_calls:
      return score_calls(answer.text, item.side["functions"], item.side["accepted"], by.contract);
    case Metric::ifeval: {
      const auto prompt = metrics::read_ifeval_prompt(item.side["instructions"], item.id);
      CHECK(prompt.has_value(), "instructions that check_items has read");
      return score_instructions(answer.text, *prompt, by.contract);
    }
    case Metric::criteria:
      return by.criteria->score(item, answer, by.contract);
    case Metric::token_f1:
      break;
  }
  return score_text(answer.text, item.reference, by.contract);
}

bool has(const Item& item, const char* key) {
  return item.side.is_object() && item.side.contains(key);
}

Result<void> check_item(const Item& item, Metric metric) {
  const auto refuse = [&](std::string found, std::string wanted, std::string fix = {}) {
    return bad_input({.where = item.id,
                      .found = std::move(found),
                      .wanted = std::move(wanted),
                      .fix = std::move(fix)});
  };
  if (metric == Metric::field_accuracy && !json_reference(item.reference))
    return refuse("a reference that is not a JSON object or list",
                  "one for each item, to score fields", "score as text: metric token_f1 or label");
  if (metric == Metric::assertions && item.assertions.empty())
    return refuse("no assertions", "one for each item at least");
  if (metric == Metric::tool_calls && !(has(item, "functions") && has(item, "accepted")))
    return refuse("no declared functions and accepted calls", "both for each item");
  if (metric == Metric::ifeval) {
    if (!has(item, "instructions")) return refuse("no instructions", "some for each item");
    const auto prompt = metrics::read_ifeval_prompt(item.side["instructions"], item.id);
    if (!prompt) return Failure(prompt.error());
  }
  if (metric == Metric::criteria && !has(item, "item"))
    return refuse("no item of an eval", "rows of {\"item\": {...}}");
  return {};
}

}  // namespace

Metric metric_of(const std::vector<Item>& items, const MeasurePlan& plan) {
  if (plan.metric) return *plan.metric;
  const auto any = [&](auto property) { return std::any_of(items.begin(), items.end(), property); };
  if (any([](const Item& item) { return !item.assertions.empty(); })) return Metric::assertions;
  const bool text = any([](const Item& item) { return !json_reference(item.reference); });
  return text ? Metric::token_f1 : Metric::field_accuracy;
}

Result<void> check_items(const std::vector<Item>& items, const ScoredBy& by) {
  const Metric metric = metric_of(items, by.measures);
  if (metric == Metric::criteria && by.criteria == nullptr) {
    return bad_input({.where = "metrics: criteria",
                      .found = "no testing criteria",
                      .wanted = "an eval as OpenAI has them: a file with testing_criteria"});
  }
  const bool terms =
      std::any_of(by.measures.beside.begin(), by.measures.beside.end(),
                  [](const BesideSpec& spec) { return spec.beside == Beside::terminology; });
  if (terms && (by.contract == nullptr || !by.contract->document().contains("x-glossary"))) {
    return bad_input({.where = "metrics: terminology",
                      .found = "no contract with an \"x-glossary\"",
                      .wanted = "the glossary of the terms (docs/contract.md)"});
  }
  for (const Item& item : items) ATTUNE_TRY_VOID(check_item(item, metric));
  return {};
}

ItemScore score_one(const Item& item, const Answer& answer, Metric metric, const ScoredBy& by) {
  ItemScore score = score_answer(item, answer, metric, by);
  if (answer.failure.empty()) return score;
  score.compliant = score.exact = score.json_found = false;  // whatever "" would be worth
  score.accuracy = 0;
  for (FieldScore& field : score.fields) field.correct = false;
  score.violations = {"no answer: " + answer.failure};
  score.measures.clear();
  return score;
}

}  // namespace attune::eval
