#include "eval/criteria.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace attune::eval {

namespace {

void collect_models(const wire::Grader& grader, std::vector<std::string>& models) {
  const bool known = std::find(models.begin(), models.end(), grader.model) != models.end();
  if (!grader.model.empty() && !known) models.push_back(grader.model);
  for (const auto& [name, inner] : grader.graders) collect_models(inner, models);
}

// The sample as templates see it: what the row brings, else the answer alone.
Json sample_values(const Item& item, const std::string& answer) {
  Json values = sample_of(answer);
  if (!item.side.is_object() || !item.side.contains("sample")) return values;
  for (const auto& [name, value] : item.side["sample"].items()) {
    if (name != "output_text" && !(name == "output_json" && values.contains(name)))
      values[name] = value;
  }
  return values;
}

// Nothing but whether it passes is in the score of these.
bool is_yes_or_no(wire::GraderType type) {
  return type == wire::GraderType::string_check || type == wire::GraderType::label_model;
}

}  // namespace

Result<Criteria> Criteria::prepare(const Json& testing_criteria, std::string_view where) {
  Criteria criteria;
  std::set<std::string> names;
  if (!testing_criteria.is_array() || testing_criteria.empty()) {
    return bad_input({.where = fmt::format("{}: testing_criteria", where),
                      .found = to_text(testing_criteria).substr(0, 80),
                      .wanted = "a list of graders"});
  }
  for (std::size_t i = 0; i < testing_criteria.size(); ++i) {
    const std::string place = fmt::format("{}: testing_criteria[{}]", where, i);
    auto grader = wire::parse_criterion(testing_criteria[i]);
    if (!grader) {
      return bad_input({.where = place,
                        .found = grader.error().message,
                        .wanted = "a grader as docs/evals-api.md has them"});
    }
    if (!names.insert(grader->name).second) {
      return bad_input({.where = place,
                        .found = fmt::format("two criteria named {}", grader->name),
                        .wanted = "different names"});
    }
    ATTUNE_TRY(Judge judge, Judge::prepare(*std::move(grader)));
    criteria.judges_.push_back(std::move(judge));
  }
  return criteria;
}

std::vector<std::string> Criteria::models() const {
  std::vector<std::string> models;
  for (const Judge& judge : judges_) collect_models(judge.grader(), models);
  return models;
}

bool Criteria::ask_models() const { return !models().empty(); }

std::vector<Json> Criteria::ask(const Item& item, const std::string& answer,
                                const AskModel& ask) const {
  std::vector<Json> said;
  const AskModel keeping = [&](const ModelQuestion& question) -> Result<ModelReply> {
    Result<ModelReply> reply = ask(question);
    said.push_back(reply ? Json{{"text", reply->text}}
                         : Json{{"failure", reply.error().message()}});
    return reply;
  };
  const Json sample = sample_values(item, answer);
  for (const Judge& judge : judges_)
    judge.grade({.item = item.side["item"], .sample = sample}, keeping);
  return said;
}

ItemScore Criteria::score(const Item& item, const Answer& answer,
                          const grammar::Contract* contract) const {
  ItemScore score = score_text(answer.text, "", contract);
  std::size_t next = 0;
  const AskModel again = [&](const ModelQuestion& question) -> Result<ModelReply> {
    const Json* said = next < answer.judged.size() ? &answer.judged[next++] : nullptr;
    if (said != nullptr && said->contains("text"))
      return ModelReply{.text = (*said)["text"], .model = question.model, .usage = {}};
    return environment_failure({.where = question.model,
                                .found = said == nullptr ? std::string("it was not asked")
                                                         : said->value("failure", std::string()),
                                .wanted = "an answer"});
  };
  const Json sample = sample_values(item, answer.text);
  double graded = 0, passed = 0;
  for (const Judge& judge : judges_) {
    const Grade grade = judge.grade({.item = item.side["item"], .sample = sample}, again);
    const bool without = grade.problem && !grade.problem->of_answer;
    graded += without ? 0 : 1;
    passed += grade.passed ? 1 : 0;
    const std::string& name = judge.grader().name;
    score.fields.push_back({.name = name,
                            .correct = grade.passed,
                            .wanted = without ? "(no grade)" : "passes",
                            .found = grade.problem  ? grade.problem->message
                                     : grade.passed ? "passes"
                                                    : fmt::format("score {:.3g}", grade.score)});
    if (!without && !is_yes_or_no(judge.grader().type))
      score.measures.emplace_back("score " + name, grade.score);
  }
  score.exact = passed == static_cast<double>(judges_.size());
  score.accuracy = graded > 0 ? passed / graded : 0;
  return score;
}

}  // namespace attune::eval
