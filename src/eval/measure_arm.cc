#include "eval/measure_arm.h"

#include <algorithm>

#include "metrics/faithfulness.h"
#include "metrics/field_f1.h"
#include "metrics/ifeval.h"
#include "metrics/terminology.h"

namespace attune::eval {

namespace {

using Measures = std::vector<CountedMeasure>;

CountedMeasure share(std::string name, std::string words, bool lower_is_better = false) {
  return {.name = std::move(name),
          .words = std::move(words),
          .lower_is_better = lower_is_better,
          .sums = 2,
          .figure = ratio_figure};
}

Counts part_of(double part, double whole) { return {{0, part}, {1, whole}}; }

// The text that an item has for a measure; empty: none.
std::string context_of(const Item& item, Beside beside) {
  if (!item.side.is_object() || !item.side.contains("context")) return {};
  return item.side["context"].value(std::string(beside_name(beside)), std::string());
}

// H_c, H_r, K-precision and abstention of metrics/faithfulness.h. Without a context of its own the
// item's question is what an answer must keep to.
Measures faithfulness(const std::vector<Item>& items, const ArmResult& arm) {
  Measures all = {share("unsupported_claims", "unsupported claims", true),
                  share("unfaithful_answers", "answers with an unsupported claim", true),
                  share("k_precision", "K-precision"), share("abstained", "abstained")};
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::array<Counts, 4> counts;
    if (arm.answers[i].failure.empty()) {
      const std::string own = context_of(items[i], Beside::faithfulness);
      const metrics::AnswerFaithfulness verdict =
          metrics::check_faithfulness(arm.answers[i].text, own.empty() ? items[i].input : own,
                                      own.empty() ? "" : items[i].input);
      if (verdict.checked > 0) {
        counts[0] =
            part_of(static_cast<double>(verdict.unsupported), static_cast<double>(verdict.checked));
        counts[1] = part_of(verdict.unsupported > 0 ? 1 : 0, 1);
      }
      if (verdict.k_precision) counts[2] = part_of(*verdict.k_precision, 1);
      counts[3] = part_of(verdict.abstained ? 1 : 0, 1);
    }
    for (std::size_t k = 0; k < all.size(); ++k) all[k].items.push_back(std::move(counts[k]));
  }
  return all;
}

// (required - forbidden) / applicable concepts, over all items.
Result<CountedMeasure> terminology(const std::vector<Item>& items, const ArmResult& arm,
                                   const grammar::Contract* contract) {
  const bool has = contract != nullptr && contract->document().contains("x-glossary");
  if (!has) {
    return bad_input({.where = "metrics: terminology",
                      .found = "no contract with an \"x-glossary\"",
                      .wanted = "the glossary of the terms"});
  }
  ATTUNE_TRY(const metrics::Terminology terms,
             metrics::Terminology::read(contract->document()["x-glossary"], "x-glossary"));
  CountedMeasure measure = share("terminology", "terminology");
  measure.least = -1;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Counts counts;
    const std::string source = items[i].input + "\n" + context_of(items[i], Beside::terminology);
    const metrics::TermScore score = terms.check(arm.answers[i].text, source, items[i].reference);
    if (arm.answers[i].failure.empty() && !score.applicable.empty()) {
      double balance = 0;
      for (const metrics::TermUse& use : score.applicable)
        balance += (use.required ? 1 : 0) - (use.forbidden ? 1 : 0);
      counts = part_of(balance, static_cast<double>(score.applicable.size()));
    }
    measure.items.push_back(std::move(counts));
  }
  return measure;
}

// 2 TP / (2 TP + FP + FN) over all fields of all items; of items whose reference is JSON.
Result<CountedMeasure> field_f1(const std::vector<Item>& items, const ArmResult& arm,
                                const Json& options) {
  ATTUNE_TRY(const metrics::FieldRules rules,
             metrics::read_field_rules(options, "metrics: field_f1"));
  CountedMeasure measure = share("field_f1", "field F1");
  for (std::size_t i = 0; i < items.size(); ++i) {
    Counts counts;
    if (const auto reference = json_reference(items[i].reference)) {
      const auto found = find_json(arm.answers[i].text);
      const metrics::FieldCount sum =
          metrics::count_fields(found ? &*found : nullptr, *reference, rules).micro();
      const double right = 2 * static_cast<double>(sum.true_positives);
      counts = part_of(right, right + static_cast<double>(sum.false_positives) +
                                  static_cast<double>(sum.false_negatives));
    }
    measure.items.push_back(std::move(counts));
  }
  return measure;
}

Result<Measures> instructions(const std::vector<Item>& items, const ArmResult& arm) {
  Measures all = {share("prompt_strict", "all kept, strict"),
                  share("instruction_strict", "instructions kept, strict"),
                  share("prompt_loose", "all kept, loose"),
                  share("instruction_loose", "instructions kept, loose")};
  for (std::size_t i = 0; i < items.size(); ++i) {
    ATTUNE_TRY(const metrics::IfevalPrompt prompt,
               metrics::read_ifeval_prompt(items[i].side["instructions"], items[i].id));
    const metrics::IfevalVerdict verdict = metrics::check_ifeval(prompt, arm.answers[i].text);
    const auto kept = [](const std::vector<bool>& held) {
      return part_of(static_cast<double>(std::count(held.begin(), held.end(), true)),
                     static_cast<double>(held.size()));
    };
    all[0].items.push_back(part_of(verdict.all_strict() ? 1 : 0, 1));
    all[1].items.push_back(kept(verdict.strict));
    all[2].items.push_back(part_of(verdict.all_loose() ? 1 : 0, 1));
    all[3].items.push_back(kept(verdict.loose));
  }
  return all;
}

// Of each criterion the share that passes, and the mean score where it is more than yes or no, over
// the items that it could grade.
Measures criteria(const std::vector<ItemScore>& scores) {
  Measures all;
  if (scores.empty()) return all;
  for (std::size_t k = 0; k < scores.front().fields.size(); ++k) {
    const std::string& name = scores.front().fields[k].name;
    CountedMeasure passed = share("passed " + name, name + " passed");
    CountedMeasure mean = share("score " + name, name + " score");
    mean.bounded = false;
    for (const ItemScore& score : scores) {
      const FieldScore& field = score.fields[k];
      passed.items.push_back(field.wanted == "(no grade)" ? Counts()
                                                          : part_of(field.correct ? 1 : 0, 1));
      Counts& counts = mean.items.emplace_back();
      for (const auto& [measure, value] : score.measures) {
        if (measure == mean.name) counts = part_of(value, 1);
      }
    }
    all.push_back(std::move(passed));
    all.push_back(std::move(mean));
  }
  return all;
}

}  // namespace

Result<std::vector<CountedMeasure>> measure_arm(const std::vector<Item>& items,
                                                const ArmResult& arm,
                                                const std::vector<ItemScore>& scores,
                                                const MeasuredBy& by) {
  Measures all;
  const auto add = [&](Measures more) {
    for (CountedMeasure& one : more) all.push_back(std::move(one));
  };
  if (by.metric == Metric::label) add(label_measures(items, arm));
  if (by.metric == Metric::criteria) add(criteria(scores));
  if (by.metric == Metric::ifeval) {
    ATTUNE_TRY(Measures kept, instructions(items, arm));
    add(std::move(kept));
  }
  for (const BesideSpec& spec : by.plan.beside) {
    if (spec.beside == Beside::faithfulness) {
      add(faithfulness(items, arm));
    } else if (spec.beside == Beside::terminology) {
      ATTUNE_TRY(CountedMeasure terms, terminology(items, arm, by.contract));
      all.push_back(std::move(terms));
    } else if (spec.beside == Beside::field_f1) {
      ATTUNE_TRY(CountedMeasure fields, field_f1(items, arm, spec.options));
      all.push_back(std::move(fields));
    } else {
      all.push_back(text_measure(spec.beside, items, arm));
    }
  }
  return all;
}

}  // namespace attune::eval
