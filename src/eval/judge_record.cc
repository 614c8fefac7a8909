// What a run keeps of its judge, as JSON in run.json.
#include <fmt/format.h>

#include "eval/judge_report.h"

namespace attune::eval {

namespace {

Json to_json(const JudgedLabel& label) {
  return {{"id", label.id},
          {"label", label.label},
          {"question", label.judged.question},
          {"reference", label.judged.reference},
          {"answers", label.judged.answers},
          {"replies", label.replies}};
}

bool is_list(const Json& json, const char* key, bool (Json::*kind)() const) {
  if (!json.contains(key) || !json[key].is_array()) return false;
  for (const Json& one : json[key]) {
    if (!(one.*kind)()) return false;
  }
  return true;
}

Result<JudgedLabel> label_from_json(const Json& json, const std::string& where) {
  const auto text = [&](const char* key) { return json.contains(key) && json[key].is_string(); };
  const bool good = json.is_object() && text("id") && text("question") && text("reference") &&
                    json.contains("label") && json["label"].is_number() &&
                    is_list(json, "answers", &Json::is_string) &&
                    is_list(json, "replies", &Json::is_object);
  if (!good) {
    return bad_input({.where = where,
                      .found = to_text(json).substr(0, 80),
                      .wanted = "a label: id, label, question, reference, answers, replies",
                      .fix = "run `attune eval run` again with the same --out"});
  }
  return JudgedLabel{.id = json["id"],
                     .label = json["label"],
                     .judged = {.question = json["question"],
                                .reference = json["reference"],
                                .answers = json["answers"].get<std::vector<std::string>>()},
                     .replies = json["replies"].get<std::vector<Json>>()};
}

}  // namespace

Json to_json(const JudgeRecord& record) {
  Json labels = Json::array();
  for (const JudgedLabel& label : record.labels) labels.push_back(to_json(label));
  return {{"plan", to_json(record.plan)}, {"labels", labels}};
}

Result<JudgeRecord> judge_record_from_json(const Json& json, const std::string& where) {
  JudgeRecord record;
  ATTUNE_TRY(record.plan, read_judge_plan(json.is_object() ? json.value("plan", Json()) : Json(),
                                          where + ": plan"));
  for (const Json& one : json.value("labels", Json::array())) {
    ATTUNE_TRY(JudgedLabel label, label_from_json(one, where + ": labels"));
    record.labels.push_back(std::move(label));
  }
  return record;
}

}  // namespace attune::eval
