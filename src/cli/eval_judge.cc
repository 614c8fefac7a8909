// The judge of a suite: what it is asked about the answers of a run and about those that people
// labelled, and what its figure may decide.
#include <algorithm>

#include <fmt/format.h>

#include "cli/eval.h"
#include "io/jsonl.h"

namespace attune::cli {

namespace {

// Questions to the judge, each with the list that its reply belongs to.
struct Docket {
  std::vector<ChatPrompt> prompts;
  std::vector<std::vector<Json>*> replies;
};

void ask_about(const eval::JudgePlan& plan, const std::string& rubric, const eval::JudgeCase& one,
               std::uint64_t seed, Docket& docket, std::vector<Json>& replies) {
  for (std::int64_t repeat = 0; repeat < plan.repeats; ++repeat) {
    std::vector<eval::JudgeCase> orders{one};
    if (plan.mode == eval::JudgeMode::pairwise) {
      orders.push_back(one);
      std::reverse(orders.back().answers.begin(), orders.back().answers.end());
    }
    for (const eval::JudgeCase& order : orders) {
      ChatPrompt& prompt = docket.prompts.emplace_back();
      prompt.messages = eval::judge_messages(plan, rubric, order);
      if (plan.temperature > 0) prompt.seed = seed + static_cast<std::uint64_t>(repeat);
      docket.replies.push_back(&replies);
    }
  }
}

Result<double> label_value(const eval::JudgePlan& plan, const Json& label, const std::string& first,
                           const std::string& second, const std::string& where) {
  std::string wanted = "true, false, pass or fail";
  if (plan.mode == eval::JudgeMode::pass) {
    if (label == true || label == "pass" || label == 1) return 1.0;
    if (label == false || label == "fail" || label == 0) return 0.0;
  } else if (plan.mode == eval::JudgeMode::score) {
    wanted = fmt::format("a number from {:g} to {:g}", plan.least, plan.most);
    if (label.is_number() && label.get<double>() >= plan.least && label.get<double>() <= plan.most)
      return (label.get<double>() - plan.least) / (plan.most - plan.least);
  } else {
    wanted = fmt::format("{}, {} or tie", first, second);
    if (label == first) return 1.0;
    if (label == second) return 0.0;
    if (label == "tie") return 0.5;
  }
  return bad_input(
      {.where = where, .found = fmt::format("label {}", to_text(label)), .wanted = wanted});
}

// Reads the labels of people against the items and answers of a run.
class LabelReader {
 public:
  LabelReader(const eval::JudgePlan& plan, const std::vector<eval::Item>& items,
              const std::vector<eval::ArmResult>& arms, std::string subject)
      : plan_(plan), items_(items), arms_(arms), subject_(std::move(subject)) {}

  Result<std::vector<eval::JudgedLabel>> read() const {
    ATTUNE_TRY(const std::string text, read_file(plan_.labels));
    JsonlReader lines(text, plan_.labels);
    std::vector<eval::JudgedLabel> labels;
    while (true) {
      ATTUNE_TRY(const std::optional<JsonLine> line, lines.next());
      if (!line) return labels;
      ATTUNE_TRY(std::optional<eval::JudgedLabel> label,
                 read_one(line->value, fmt::format("{}:{}", plan_.labels, line->line)));
      if (label) labels.push_back(*std::move(label));
    }
  }

 private:
  bool pairwise() const { return plan_.mode == eval::JudgeMode::pairwise; }

  // Nothing for an answer that the arm has not given.
  Result<std::optional<eval::JudgedLabel>> read_one(const Json& row,
                                                    const std::string& where) const {
    const auto text = [&](const char* key) {
      return row.is_object() && row.contains(key) && row[key].is_string()
                 ? std::optional(row[key].get<std::string>())
                 : std::nullopt;
    };
    const auto id = text("id");
    if (!id || !row.contains("label"))
      return wrong(where, row, "{\"id\", \"arm\" or \"output\", \"label\"}");
    eval::JudgedLabel label{.id = *id};
    const auto item = std::find_if(items_.begin(), items_.end(),
                                   [&](const eval::Item& one) { return one.id == *id; });
    if (item == items_.end() && !text("input"))
      return wrong(where, row, "the id of an item of the run, or \"input\" beside it");
    label.judged.question = text("input").value_or(item == items_.end() ? "" : item->input);
    label.judged.reference =
        text("reference").value_or(item == items_.end() ? "" : item->reference);
    std::string first = "first", second = "second";
    if (const auto arm = text("arm"); arm && !text("output") && !row.contains("outputs")) {
      if (item == items_.end()) return wrong(where, row, "the id of an item of the run");
      const auto place = static_cast<std::size_t>(item - items_.begin());
      if (pairwise()) first = subject_;
      second = *arm;
      for (const std::string& name : pairwise() ? std::vector{subject_, *arm} : std::vector{*arm}) {
        const eval::ArmResult* found = find(name);
        if (found == nullptr) return wrong(where, row, "the name of an arm of the run");
        if (!found->answers[place].failure.empty()) return std::optional<eval::JudgedLabel>();
        label.judged.answers.push_back(found->answers[place].text);
      }
    } else if (const auto output = text("output"); output && !pairwise()) {
      label.judged.answers = {*output};
    } else if (const Json outputs = row.value("outputs", Json());
               pairwise() && outputs.is_array() && outputs.size() == 2 && outputs[0].is_string() &&
               outputs[1].is_string()) {
      label.judged.answers = outputs.get<std::vector<std::string>>();
    } else {
      return wrong(where, row,
                   pairwise() ? "\"arm\", or two \"outputs\"" : "\"arm\" or \"output\"");
    }
    ATTUNE_TRY(label.label, label_value(plan_, row["label"], first, second, where));
    return std::optional(std::move(label));
  }

  const eval::ArmResult* find(const std::string& name) const {
    const auto found = std::find_if(arms_.begin(), arms_.end(),
                                    [&](const eval::ArmResult& arm) { return arm.name == name; });
    return found == arms_.end() ? nullptr : &*found;
  }

  static Failure wrong(const std::string& where, const Json& row, std::string wanted) {
    return bad_input(
        {.where = where, .found = to_text(row).substr(0, 80), .wanted = std::move(wanted)});
  }

  const eval::JudgePlan& plan_;
  const std::vector<eval::Item>& items_;
  const std::vector<eval::ArmResult>& arms_;
  std::string subject_;
};

// The answers of the run: each alone, or in pairwise mode each beside the subject's.
void ask_about_arms(const eval::JudgePlan& plan, const std::vector<eval::Item>& items,
                    const std::string& subject, std::uint64_t seed,
                    std::vector<eval::ArmResult>& arms, Docket& docket) {
  const auto own = std::find_if(arms.begin(), arms.end(),
                                [&](const eval::ArmResult& arm) { return arm.name == subject; });
  const bool pairwise = plan.mode == eval::JudgeMode::pairwise;
  for (eval::ArmResult& arm : arms) {
    if (pairwise && arm.name == subject) continue;
    for (std::size_t i = 0; i < items.size(); ++i) {
      eval::Answer& answer = arm.answers[i];
      answer.judge.clear();
      if (!answer.failure.empty() || (pairwise && !own->answers[i].failure.empty())) continue;
      eval::JudgeCase one{.question = items[i].input, .reference = items[i].reference};
      if (pairwise) one.answers.push_back(own->answers[i].text);
      one.answers.push_back(answer.text);
      ask_about(plan, plan.rubric, one, seed, docket, answer.judge);
    }
  }
}

void ask_about_assertions(eval::JudgePlan plan, const std::vector<eval::Item>& items,
                          std::uint64_t seed, std::vector<eval::ArmResult>& arms, Docket& docket) {
  plan.mode = eval::JudgeMode::pass;
  plan.repeats = 1;
  plan.temperature = 0;
  for (eval::ArmResult& arm : arms) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      eval::Answer& answer = arm.answers[i];
      for (const eval::Assertion& assertion : items[i].assertions) {
        if (!eval::asks_judge(assertion) || !answer.failure.empty()) continue;
        const std::string rubric = assertion.value.is_string() ? assertion.value.get<std::string>()
                                                               : to_text(assertion.value);
        ask_about(
            plan, rubric,
            {.question = items[i].input, .reference = items[i].reference, .answers = {answer.text}},
            seed, docket, answer.judged);
      }
    }
  }
}

// Asks all and hands each list its replies.
Result<void> settle(const Docket& docket, ChatModel& model, const ChatSettings& settings,
                    eval::AnswerCache& cache, const AnswerProgress& progress) {
  ATTUNE_TRY(const std::vector<Asked> asked,
             ask_prompts(model, docket.prompts, settings, cache, progress));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const eval::Answer& reply = asked[i].answer;
    docket.replies[i]->push_back(reply.failure.empty() ? Json{{"text", reply.text}}
                                                       : Json{{"failure", reply.failure}});
  }
  return {};
}

}  // namespace

Result<std::optional<eval::JudgeRecord>> ask_judge(ModelShelf& shelf, const Material& material,
                                                   const std::vector<eval::Item>& items,
                                                   eval::AnswerCache& cache,
                                                   const AnswerProgress& progress,
                                                   std::vector<eval::ArmResult>& arms) {
  const eval::JudgePlan& plan = material.suite.judge;
  if (!plan) return std::optional<eval::JudgeRecord>();
  const std::string subject = eval::subject_of(material.suite);
  eval::JudgeRecord record{.plan = plan};
  if (!plan.labels.empty()) {
    ATTUNE_TRY(record.labels, LabelReader(plan, items, arms, subject).read());
  }
  Docket docket, assertions;  // an assertion is asked once, so not sampled
  if (!plan.rubric.empty()) ask_about_arms(plan, items, subject, material.suite.seed, arms, docket);
  ask_about_assertions(plan, items, material.suite.seed, arms, assertions);
  for (eval::JudgedLabel& label : record.labels)
    ask_about(plan, plan.rubric, label.judged, material.suite.seed, docket, label.replies);
  ATTUNE_TRY(
      ChatModel* const model,
      shelf.get(
          {.name = "judge", .model = plan.model, .endpoint = plan.endpoint, .price = plan.price}));
  ATTUNE_TRY_VOID(settle(docket, *model,
                         {.most_tokens = plan.most_tokens, .temperature = plan.temperature}, cache,
                         progress));
  ATTUNE_TRY_VOID(settle(assertions, *model, {.most_tokens = plan.most_tokens}, cache, progress));
  return std::optional(std::move(record));
}

void apply_judge(const eval::JudgeReport& report, const std::optional<double>& bar,
                 eval::Verdict& verdict) {
  const std::string doubt = report.doubt();
  if (bar) {
    const auto arm = std::find_if(report.arms.begin(), report.arms.end(),
                                  [&](const auto& one) { return one.name == report.subject; });
    eval::Gate gate{.name = "judged", .arm = report.subject, .required = *bar, .measured = {}};
    gate.state = eval::GateState::unproven;
    if (arm != report.arms.end()) {
      gate.measured = arm->corrected.value_or(arm->rate);
      if (doubt.empty() && arm->corrected)
        gate.state = gate.measured.low >= *bar     ? eval::GateState::met
                     : gate.measured.value >= *bar ? eval::GateState::unproven
                                                   : eval::GateState::missed;
    }
    if (!doubt.empty())
      verdict.reasons.push_back("The bar for the judge's figure is open: " + doubt + ".");
    if (gate.state == eval::GateState::missed) verdict.exit_code = 1;
    if (gate.state == eval::GateState::unproven && verdict.exit_code == 0) verdict.exit_code = 3;
    if (gate.state != eval::GateState::met)
      verdict.headline +=
          fmt::format(" The bar for the judge's figure is {}.", eval::gate_state_text(gate.state));
    verdict.gates.push_back(std::move(gate));
  }
  const bool calibrated = doubt.empty() && report.plan.mode == eval::JudgeMode::pass;
  if (report.rubrics.asked == 0 || calibrated) return;
  verdict.decision = eval::Decision::inconclusive;
  verdict.recommended_arm.clear();
  verdict.headline =
      "Inconclusive: the accuracy rests on assertions by a judge that is not calibrated.";
  verdict.reasons.push_back(
      "The judge: " +
      (doubt.empty() ? "its labels are not of passes, which the assertions ask for" : doubt) + ".");
  if (verdict.exit_code != 1) verdict.exit_code = 3;
}

}  // namespace attune::cli
