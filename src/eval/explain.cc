#include "eval/explain.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "eval/shot_choice.h"
#include "grammar/canonical.h"

namespace attune::eval {

namespace {

constexpr std::string_view kBlank = "___";

struct Failure {
  std::string name;
  std::string wanted, found;
};

// "/priority: found "hgih"; wanted one of ... (enum)" -> "/priority: enum"
std::string fault_name(std::string_view violation) {
  const std::size_t found = violation.find(": found");
  const std::size_t open = violation.rfind('(');
  if (found == std::string_view::npos || open == std::string_view::npos || open < found)
    return std::string(violation.substr(0, violation.find_first_of(":;")));
  std::string keyword(violation.substr(open + 1));
  if (!keyword.empty() && keyword.back() == ')') keyword.pop_back();
  return std::string(violation.substr(0, found)) + ": " + keyword;
}

std::vector<Failure> failures_of(const Item& item, const ItemScore& score,
                                 const std::string& answer, Metric metric) {
  std::vector<Failure> failures;
  if (!score.compliant) {
    const std::string& first = score.violations.empty() ? "" : score.violations.front();
    failures.push_back({"format " + fault_name(first), "", first});
  }
  for (const FieldScore& field : score.fields) {
    if (!field.correct) failures.push_back({"field " + field.name, field.wanted, field.found});
  }
  // Labels and texts have no fields.
  if (failures.empty())
    failures.push_back({"field answer", metric == Metric::label ? item.reference : "", answer});
  return failures;
}

// The part of a JSON Schema that is about "customer.name" or "/customer/name", or nothing.
std::string clause_of(const Json& contract, std::string_view path) {
  const Json* at = &contract;
  std::string step;
  const auto descend = [&] {
    if (step.empty() || at == nullptr) return;
    const bool list = step.ends_with("[]");
    const std::string key = list ? step.substr(0, step.size() - 2) : step;
    step.clear();
    const bool has =
        at->is_object() && at->contains("properties") && (*at)["properties"].contains(key);
    at = has ? &(*at)["properties"][key] : nullptr;
    if (list && at != nullptr) at = at->contains("items") ? &(*at)["items"] : nullptr;
  };
  for (const char c : path) {
    if (c == '.' || c == '/') {
      descend();
    } else {
      step += c;
    }
  }
  descend();
  return at == nullptr || at == &contract ? "" : grammar::excerpt(*at, 200);
}

std::string path_of_group(std::string_view name) {
  name.remove_prefix(name.find(' ') + 1);
  return std::string(name.substr(0, name.find(':')));
}

// Every value but that of the field is blank.
Json with_blanks(const Json& value, const std::string& path, const std::string& field) {
  if (path == field) return value;
  if (value.is_object()) {
    Json result = Json::object();
    for (const auto& [key, member] : value.items())
      result[key] = with_blanks(member, path.empty() ? key : path + "." + key, field);
    return result;
  }
  if (value.is_array()) {
    Json result = Json::array();
    for (const Json& member : value) result.push_back(with_blanks(member, path + "[]", field));
    return result;
  }
  return kBlank;
}

// The fields of an answer by the names that scores give them: a list of scalars is one.
void collect_fields(const Json& value, const std::string& path,
                    std::map<std::pair<std::string, std::string>, std::int64_t>& counts) {
  const bool branches =
      (value.is_object() && !value.empty()) ||
      (value.is_array() && std::any_of(value.begin(), value.end(),
                                       [](const Json& one) { return one.is_structured(); }));
  if (branches) {
    for (const auto& [key, member] : value.items()) {
      const std::string inner =
          value.is_array() ? path + "[]" : (path.empty() ? key : path + "." + key);
      collect_fields(member, inner, counts);
    }
    return;
  }
  ++counts[{path, grammar::excerpt(value, 200)}];
}

class Explainer {
 public:
  Explainer(const RunRecord& record, const std::vector<TrainingRow>& rows,
            const ExplainOptions& options)
      : record_(record), rows_(rows), options_(options), choice_(questions(rows), 0) {}

  void add(const Item& item, const ItemScore& score, const std::string& answer, Metric metric) {
    std::set<std::string> seen;  // several prices of one list are one failed item
    for (const Failure& failure : failures_of(item, score, answer, metric)) {
      const bool first = seen.insert(failure.name).second;
      FailureGroup& group = groups_[failure.name];
      group.name = failure.name;
      group.items += first ? 1 : 0;
      const bool to_write = metric == Metric::label || metric == Metric::field_accuracy;
      if (to_write && !failure.wanted.empty() && failure.wanted != "(no such element)") {
        ++confusions_[failure.name][failure.wanted + " -> " + failure.found];
        wanted_[{failure.name.substr(failure.name.find(' ') + 1), failure.wanted}].push_back(&item);
      }
      if (first && std::ssize(group.examples) < options_.examples)
        group.examples.push_back({.id = item.id,
                                  .input = item.input,
                                  .wanted = failure.wanted,
                                  .found = failure.found,
                                  .nearest = nearest(item.input)});
    }
  }

  std::vector<FailureGroup> groups() {
    std::vector<FailureGroup> sorted;
    for (auto& [name, group] : groups_) {
      if (record_.contract.is_object())
        group.clause = clause_of(record_.contract, path_of_group(name));
      for (const auto& [pair, count] : confusions_[name])
        group.confusions.emplace_back(pair, count);
      std::stable_sort(group.confusions.begin(), group.confusions.end(),
                       [](const auto& a, const auto& b) { return a.second > b.second; });
      sorted.push_back(std::move(group));
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.items > b.items; });
    return sorted;
  }

  // The rows go where items failed, in proportion: the largest remainders get what is left over.
  std::vector<NextRows> next() const {
    std::map<std::pair<std::string, std::string>, std::int64_t> have;
    for (const TrainingRow& row : rows_) {
      if (const auto answer = json_reference(row.answer)) {
        collect_fields(*answer, "", have);
      } else {
        ++have[{"answer", row.answer}];
      }
    }
    double all = 0;
    for (const auto& [target, items] : wanted_) all += static_cast<double>(items.size());
    std::vector<std::pair<double, NextRows>> rows;  // remainder
    std::int64_t given = 0;
    for (const auto& [target, items] : wanted_) {
      const double share =
          static_cast<double>(options_.next_rows) * static_cast<double>(items.size()) / all;
      NextRows next{.count = static_cast<std::int64_t>(share),
                    .field = target.first,
                    .value = target.second,
                    .like = items.front()->input};
      if (const auto reference = json_reference(items.front()->reference))
        next.answer = with_blanks(*reference, "", target.first);
      const auto known = have.find(target);
      next.have = known == have.end() ? 0 : known->second;
      given += next.count;
      rows.emplace_back(share - static_cast<double>(next.count), std::move(next));
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<NextRows> result;
    for (auto& [remainder, next] : rows) {
      if (given < options_.next_rows) {
        ++next.count;
        ++given;
      }
      if (next.count > 0) result.push_back(std::move(next));
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
    return result;
  }

 private:
  static std::vector<std::string> questions(const std::vector<TrainingRow>& rows) {
    std::vector<std::string> all;
    for (const TrainingRow& row : rows) all.push_back(row.question);
    return all;
  }

  std::vector<TrainingRow> nearest(const std::string& input) const {
    std::vector<TrainingRow> found;
    for (const std::int64_t row : choice_.similar(input, options_.nearest))
      found.insert(found.begin(), rows_[static_cast<std::size_t>(row)]);
    return found;
  }

  const RunRecord& record_;
  const std::vector<TrainingRow>& rows_;
  ExplainOptions options_;
  ShotChoice choice_;
  std::map<std::string, FailureGroup> groups_;
  std::map<std::string, std::map<std::string, std::int64_t>> confusions_;
  std::map<std::pair<std::string, std::string>, std::vector<const Item*>> wanted_;
};

}  // namespace

Explanation explain(const RunRecord& record, const Comparison& comparison,
                    const std::vector<TrainingRow>& rows, const ExplainOptions& options) {
  Explanation result;
  result.arm = comparison.subject;
  result.items = comparison.n;
  Explainer explainer(record, rows, options);
  for (std::size_t a = 0; a < comparison.arms.size(); ++a) {
    if (comparison.arms[a].name != comparison.subject) continue;
    for (std::size_t i = 0; i < record.items.size(); ++i) {
      const ItemScore& score = comparison.scores[a][i];
      if (score.compliant && score.accuracy >= 1) continue;
      ++result.failed;
      explainer.add(record.items[i], score, record.arms[a].answers[i].text, comparison.metric);
    }
  }
  result.groups = explainer.groups();
  result.next = explainer.next();
  return result;
}

}  // namespace attune::eval
