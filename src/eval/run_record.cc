#include "eval/run_record.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "eval/answer_json.h"
#include "io/jsonl.h"

namespace attune::eval {

namespace {

Json scores_json(const ItemScore& score) {
  return {{"compliant", score.compliant},
          {"exact", score.exact},
          {"accuracy", score.accuracy},
          {"violations", score.violations}};
}

std::string result_line(const RunRecord& record, const Comparison& comparison, std::size_t index) {
  const Item& item = record.items[index];
  Json line = {{"id", item.id}, {"input", item.input}, {"reference", item.reference}};
  for (const Assertion& assertion : item.assertions)
    line["assertions"].push_back(to_json(assertion));
  Json& answers = line["answers"] = Json::object();
  for (std::size_t a = 0; a < record.arms.size(); ++a) {
    Json& answer = answers[record.arms[a].name] = to_json(record.arms[a].answers[index]);
    answer["scores"] = scores_json(comparison.scores[a][index]);
  }
  return to_text(line) + "\n";
}

Json consistency_json(const RunRecord& record) {
  Json arms = Json::object();
  for (const auto& [arm, items] : record.consistency) {
    Json& lines = arms[arm] = Json::array();
    for (const metrics::ConsistencyItem& item : items) {
      Json parts = Json::array();
      for (const std::optional<double>& part : item.parts)
        parts.push_back(part ? Json(*part) : Json(nullptr));
      lines.push_back({{"parts", parts}, {"answers", item.answers}, {"right", item.right}});
    }
  }
  return arms;
}

Failure broken(std::string where, std::string found, std::string wanted) {
  return bad_input({.where = std::move(where),
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = "run `attune eval run` again with the same --out"});
}

bool has_text(const Json& json, const char* key) {
  return json.contains(key) && json[key].is_string();
}

Result<Item> read_item(const Json& json, const std::string& where) {
  if (!json.is_object() || !has_text(json, "id") || !has_text(json, "input") ||
      !has_text(json, "reference") || !json.contains("answers") || !json["answers"].is_object())
    return broken(where, "no result", "id, input, reference and answers");
  Item item{.id = json["id"], .input = json["input"], .reference = json["reference"]};
  for (const Json& one : json.value("assertions", Json::array())) {
    ATTUNE_TRY(Assertion assertion, read_assertion(one, Json(), where));
    item.assertions.push_back(std::move(assertion));
  }
  return item;
}

Result<void> read_answers(const Json& answers, const std::string& where, RunRecord& record) {
  if (record.arms.empty()) {
    for (const auto& [name, answer] : answers.items()) record.arms.push_back({name, {}});
  }
  if (answers.size() != record.arms.size())
    return broken(where, fmt::format("{} arms", answers.size()),
                  fmt::format("{}, as on the lines before", record.arms.size()));
  for (ArmResult& arm : record.arms) {
    if (!answers.contains(arm.name)) return broken(where, "no answer of " + arm.name, "one");
    ATTUNE_TRY(Answer answer, answer_from_json(answers[arm.name], where));
    arm.answers.push_back(std::move(answer));
  }
  return {};
}

Result<std::optional<Metric>> read_metric(const Json& run, const std::string& where) {
  const Json name = run.value("metric", Json());
  if (name.is_null()) return std::optional<Metric>();
  for (const auto& [metric, known] : kMetricNames) {
    if (name == known) return std::optional<Metric>(metric);
  }
  return broken(where, "metric " + to_text(name), "a known one");
}

Result<std::vector<metrics::ConsistencyItem>> read_consistency(const Json& lines,
                                                               const std::string& where) {
  std::vector<metrics::ConsistencyItem> items;
  for (const Json& line : lines) {
    const Json parts = line.is_object() ? line.value("parts", Json()) : Json();
    if (!parts.is_array() || parts.size() != metrics::kConsistencyParts)
      return broken(where, "consistency: " + to_text(line).substr(0, 60), "five parts an item");
    metrics::ConsistencyItem& item = items.emplace_back();
    for (std::size_t part = 0; part < metrics::kConsistencyParts; ++part) {
      if (parts[part].is_number()) item.parts[part] = parts[part].get<double>();
    }
    for (const char* key : {"answers", "right"}) {
      if (!line.contains(key) || !line[key].is_number_integer())
        return broken(where, "consistency: " + to_text(line).substr(0, 60), "whole numbers");
    }
    item.answers = line["answers"].get<std::int64_t>();
    item.right = line["right"].get<std::int64_t>();
  }
  return items;
}

using ItemKey = std::tuple<std::string, std::string, std::string>;
ItemKey key_of(const Item& item) { return {item.id, item.input, item.reference}; }

Result<const ArmResult*> find_result(const RunRecord& record, const std::string& name,
                                     std::string_view which) {
  std::string known;
  for (const ArmResult& arm : record.arms) {
    if (arm.name == name) return &arm;
    known += (known.empty() ? "" : ", ") + arm.name;
  }
  return bad_input({.where = std::string(which),
                    .found = fmt::format("no arm named {}", name),
                    .wanted = "one of " + known,
                    .fix = "name it with --arm"});
}

}  // namespace

Result<void> write_run(const Path& folder, const RunRecord& record, const Comparison& comparison) {
  Json run = {{"version", kRunVersion},
              {"created", record.created},
              {"suite", record.suite},
              {"contract", record.contract},
              {"metric", metric_name(comparison.metric)},
              {"subject", record.subject},
              {"consistency", consistency_json(record)},
              {"adapter_times", Json::object()},
              {"facts", record.facts}};
  for (const auto& [arm, times] : record.adapter_times) run["adapter_times"][arm] = to_json(times);
  std::string lines;
  for (std::size_t i = 0; i < record.items.size(); ++i) lines += result_line(record, comparison, i);
  ATTUNE_TRY_VOID(write_file_atomic(folder / "results.jsonl", lines));
  return write_file_atomic(folder / "run.json", to_pretty_text(run));
}

Result<RunRecord> read_run(const Path& folder) {
  const std::string where = (folder / "run.json").string();
  ATTUNE_TRY(const Json run, read_json(where));
  if (!run.is_object() || run.value("version", Json()) != kRunVersion || !has_text(run, "subject"))
    return broken(where, "no run of this version", fmt::format("version {}", kRunVersion));
  RunRecord record;
  if (has_text(run, "created")) record.created = run["created"].get<std::string>();
  record.suite = run.value("suite", Json::object());
  record.contract = run.value("contract", Json());
  record.subject = run["subject"].get<std::string>();
  record.facts = run.value("facts", Json::object());
  ATTUNE_TRY(record.metric, read_metric(run, where));
  const Json consistency = run.value("consistency", Json::object());
  for (const auto& [arm, lines] : consistency.items()) {
    ATTUNE_TRY(record.consistency[arm], read_consistency(lines, where));
  }
  const Json times = run.value("adapter_times", Json::object());
  for (const auto& [arm, measured] : times.items())
    record.adapter_times[arm] = adapter_times_from_json(measured);
  const Path results = folder / "results.jsonl";
  ATTUNE_TRY(const std::string text, read_file(results));
  JsonlReader lines(text, results.string());
  while (true) {
    ATTUNE_TRY(const std::optional<JsonLine> line, lines.next());
    if (!line) return record;
    const std::string place = fmt::format("{}:{}", results.string(), line->line);
    ATTUNE_TRY(Item item, read_item(line->value, place));
    record.items.push_back(std::move(item));
    ATTUNE_TRY_VOID(read_answers(line->value["answers"], place, record));
  }
}

Result<Comparison> compare_run(const RunRecord& record) {
  std::optional<grammar::Contract> contract;
  if (!record.contract.is_null()) {
    ATTUNE_TRY(contract, grammar::Contract::from_json(record.contract, "contract"));
  }
  CompareOptions options;
  options.contract = contract ? &*contract : nullptr;
  options.metric = record.metric;
  options.subject = record.subject;
  ATTUNE_TRY(Comparison comparison, compare(record.items, record.arms, options));
  for (ArmSummary& arm : comparison.arms) {
    const auto measured = record.consistency.find(arm.name);
    if (measured != record.consistency.end())
      arm.consistency = metrics::consistency(measured->second);
    const auto timed = record.adapter_times.find(arm.name);
    if (timed != record.adapter_times.end()) arm.adapter_overhead = overhead_of(timed->second);
  }
  return comparison;
}

Result<JoinedRuns> join_runs(const RunRecord& before, const std::string& before_arm,
                             const RunRecord& after, const std::string& after_arm) {
  ATTUNE_TRY(const ArmResult* old_arm, find_result(before, before_arm, "the first run"));
  ATTUNE_TRY(const ArmResult* new_arm, find_result(after, after_arm, "the second run"));
  std::multimap<ItemKey, std::size_t> places;
  for (std::size_t i = 0; i < after.items.size(); ++i) places.emplace(key_of(after.items[i]), i);
  JoinedRuns joined;
  joined.record = {.created = after.created,
                   .contract = after.contract,
                   .metric = after.metric,
                   .subject = "after",
                   .items = {},
                   .arms = {{"before", {}}, {"after", {}}}};
  for (std::size_t i = 0; i < before.items.size(); ++i) {
    const auto place = places.find(key_of(before.items[i]));
    if (place == places.end()) continue;
    const std::size_t index = place->second;
    places.erase(place);  // each item is paired once
    joined.record.items.push_back(after.items[index]);
    joined.record.arms[0].answers.push_back(old_arm->answers[i]);
    joined.record.arms[1].answers.push_back(new_arm->answers[index]);
  }
  const std::int64_t common = std::ssize(joined.record.items);
  if (common == 0) {
    return bad_input({.where = "the runs",
                      .found = "no item in common",
                      .wanted = "the same items in both",
                      .fix = "run both on the same data"});
  }
  joined.only_before = std::ssize(before.items) - common;
  joined.only_after = std::ssize(after.items) - common;
  return joined;
}

}  // namespace attune::eval
