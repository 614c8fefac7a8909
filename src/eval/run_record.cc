#include "eval/run_record.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "eval/answer_json.h"
#include "eval/run_supplements.h"
#include "io/jsonl.h"

namespace attune::eval {

namespace {

Json scores_json(const ItemScore& score) {
  Json json = {{"compliant", score.compliant},
               {"exact", score.exact},
               {"accuracy", score.accuracy},
               {"violations", score.violations}};
  for (const auto& [name, value] : score.measures) json["measures"][name] = value;
  return json;
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
  if (has_text(json, "cluster")) item.cluster = json["cluster"];
  item.side = json.value("side", Json());
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

// A run of before there were several measures has only "metric".
Result<MeasurePlan> read_plan(const Json& run, const std::string& where) {
  const bool several = run.contains("measures");
  const Json given = several ? run["measures"] : run.value("metric", Json());
  if (given.is_null()) return MeasurePlan{};
  return read_measures(given, where + (several ? ": measures" : ": metric"));
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

// The plan with the metric that was found in the items.
MeasurePlan measured_by(const RunRecord& record, const Comparison& comparison) {
  MeasurePlan plan = record.measures;
  plan.metric = comparison.metric;
  return plan;
}

// What the judge made of an arm's answer; null where there is no judgement to be had.
Json judged_value(const RunRecord& record, std::size_t arm, std::size_t index) {
  const JudgePlan& plan = record.judge->plan;
  const auto subject = std::find_if(record.arms.begin(), record.arms.end(),
                                    [&](const auto& one) { return one.name == record.subject; });
  const bool itself = plan.mode == JudgeMode::pairwise && record.arms[arm].name == record.subject;
  if (plan.rubric.empty() || itself || subject == record.arms.end()) return nullptr;
  const auto value =
      item_judgement(plan, record.arms[arm].answers[index], subject->answers[index]).value;
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

Json result_json(const RunRecord& record, const Comparison& comparison, std::size_t index) {
  const Item& item = record.items[index];
  Json line = {{"id", item.id}, {"input", item.input}, {"reference", item.reference}};
  for (const Assertion& assertion : item.assertions)
    line["assertions"].push_back(to_json(assertion));
  if (!item.cluster.empty()) line["cluster"] = item.cluster;
  if (!item.side.is_null()) line["side"] = item.side;
  Json& answers = line["answers"] = Json::object();
  for (std::size_t a = 0; a < record.arms.size(); ++a) {
    Json& answer = answers[record.arms[a].name] = to_json(record.arms[a].answers[index]);
    answer["scores"] = scores_json(comparison.scores[a][index]);
    if (record.judge) answer["scores"]["judge"] = judged_value(record, a, index);
  }
  return line;
}

Result<void> write_run(const Path& folder, const RunRecord& record, const Comparison& comparison) {
  Json run = {{"version", kRunVersion},
              {"created", record.created},
              {"suite", record.suite},
              {"contract", record.contract},
              {"metric", metric_name(comparison.metric)},
              {"measures", to_json(measured_by(record, comparison))},
              {"testing_criteria", record.testing_criteria},
              {"cluster", record.cluster},
              {"subject", record.subject},
              {"consistency", consistency_json(record)},
              {"adapter_times", Json::object()},
              {"facts", record.facts}};
  if (record.judge) run["judge"] = to_json(*record.judge);
  if (record.general) run["general"] = true;
  for (const auto& [arm, times] : record.adapter_times) run["adapter_times"][arm] = to_json(times);
  std::string lines;
  for (std::size_t i = 0; i < record.items.size(); ++i)
    lines += to_text(result_json(record, comparison, i)) + "\n";
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
  ATTUNE_TRY(record.measures, read_plan(run, where));
  record.testing_criteria = run.value("testing_criteria", Json());
  if (has_text(run, "cluster")) record.cluster = run["cluster"].get<std::string>();
  const Json consistency = run.value("consistency", Json::object());
  for (const auto& [arm, lines] : consistency.items()) {
    ATTUNE_TRY(record.consistency[arm], read_consistency(lines, where));
  }
  const Json times = run.value("adapter_times", Json::object());
  for (const auto& [arm, measured] : times.items())
    record.adapter_times[arm] = adapter_times_from_json(measured);
  if (run.contains("judge")) {
    ATTUNE_TRY(record.judge, judge_record_from_json(run["judge"], where + ": judge"));
  }
  if (run.contains("general")) {
    ATTUNE_TRY(RunRecord general, read_run(folder / kGeneralRun));
    record.general = std::make_shared<const RunRecord>(std::move(general));
  }
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
  std::optional<Criteria> criteria;
  if (!record.testing_criteria.is_null()) {
    ATTUNE_TRY(criteria, Criteria::prepare(record.testing_criteria, "run.json"));
  }
  CompareOptions options;
  options.contract = contract ? &*contract : nullptr;
  options.measures = record.measures;
  options.criteria = criteria ? &*criteria : nullptr;
  options.cluster = record.cluster;
  options.subject = record.subject;
  ATTUNE_TRY(Comparison comparison, compare(record.items, record.arms, options));
  for (ArmSummary& arm : comparison.arms) {
    const auto measured = record.consistency.find(arm.name);
    if (measured != record.consistency.end())
      arm.consistency = metrics::consistency(measured->second);
    const auto timed = record.adapter_times.find(arm.name);
    if (timed != record.adapter_times.end()) arm.adapter_overhead = overhead_of(timed->second);
  }
  ATTUNE_TRY_VOID(add_supplements(record, comparison));
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
                   .measures = after.measures,
                   .testing_criteria = after.testing_criteria,
                   .cluster = after.cluster,
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
