// Consistency of an arm: the same items asked again in several ways.
#include <algorithm>
#include <array>

#include "base/random.h"
#include "cli/eval.h"
#include "metrics/output_agreement.h"
#include "metrics/paraphrases.h"
#include "metrics/style_profile.h"

namespace attune::cli {

namespace {

constexpr std::array<std::size_t, 3> kLaterTurns = {2, 4, 8};  // the first is the arm's own answer

struct Probe {
  ChatModel& model;
  const Material& material;
  const eval::SuiteArm& arm;
  eval::AnswerCache& cache;
  const AnswerProgress& progress;

  ChatPrompt prompt(const Question& question) const {
    return {.messages = prompt_of(material, arm, question), .tools = question.tools};
  }
  // Answers of those that the model took.
  Result<std::vector<Asked>> ask(const std::vector<ChatPrompt>& prompts, double temperature) {
    return ask_prompts(model, prompts,
                       {.most_tokens = material.suite.most_tokens, .temperature = temperature},
                       cache, progress, true);
  }
};

eval::ItemScore score_of(const Material& material, eval::Metric metric, const eval::Item& item,
                         const std::string& text) {
  return eval::score_one(item, {.text = text}, metric, material.scored_by());
}

bool passes(const eval::ItemScore& score, const eval::ConsistencyPlan& plan) {
  return score.compliant && (!plan.pass_is_right || score.accuracy >= 1);
}

std::vector<std::string> texts_of(const std::vector<Asked>& asked, std::size_t item,
                                  std::size_t count, std::size_t items) {
  std::vector<std::string> texts;
  for (std::size_t k = 0; k < count; ++k) {
    const Asked& one = asked[k * items + item];
    if (one.answer.failure.empty()) texts.push_back(one.answer.text);
  }
  return texts;
}

// The question with its last user message replaced.
Question reworded(Question question, const std::string& text) {
  for (auto message = question.messages.rbegin(); message != question.messages.rend(); ++message) {
    if ((*message).value("role", "") != "user") continue;
    (*message)["content"] = text;
    return question;
  }
  return question;
}

// The prompt behind turn - 1 other questions with the arm's own answers to them.
ChatPrompt later_prompt(const Probe& probe, const std::vector<Question>& questions,
                        const eval::ArmResult& greedy, std::size_t item, std::size_t turn) {
  Question question = questions[item];
  Json system = Json::array(), own = Json::array(), earlier = Json::array();
  for (const Json& message : question.messages)
    (message.value("role", "") == "system" ? system : own).push_back(message);
  const std::size_t others = questions.size() - 1;
  for (std::size_t back = turn - 1; back > 0 && others > 0; --back) {
    const std::size_t other = (item + 1 + back % others) % questions.size();
    if (!greedy.answers[other].failure.empty()) continue;
    earlier.push_back({{"role", "user"}, {"content", questions[other].text}});
    earlier.push_back({{"role", "assistant"}, {"content", greedy.answers[other].text}});
  }
  Json& all = question.messages = std::move(system);
  for (const Json* part : {&earlier, &own}) all.insert(all.end(), part->begin(), part->end());
  return probe.prompt(question);
}

metrics::OutputRule agreement_rule(const eval::Item& item, const eval::Suite& suite) {
  if (suite.measures.metric == eval::Metric::label) return {.as = metrics::OutputKind::label};
  if (!eval::json_reference(item.reference)) return {.as = metrics::OutputKind::text};
  return {.as = metrics::OutputKind::json, .decision_fields = suite.consistency.fields};
}

}  // namespace

Result<std::vector<metrics::ConsistencyItem>> measure_consistency(
    ChatModel& model, const Material& material, const eval::SuiteArm& arm,
    const std::vector<Question>& questions, const eval::ArmResult& greedy,
    const std::vector<eval::Item>& items, eval::AnswerCache& cache,
    const AnswerProgress& progress) {
  const eval::ConsistencyPlan& plan = material.suite.consistency;
  const eval::Metric metric = eval::metric_of(items, material.suite.measures);
  const auto count = std::min(items.size(), static_cast<std::size_t>(plan.items));
  const auto samples = static_cast<std::size_t>(plan.samples);
  Probe probe{model, material, arm, cache, progress};

  std::vector<ChatPrompt> sampled, later;
  for (std::size_t k = 0; k < samples; ++k) {
    for (std::size_t i = 0; i < count; ++i) {
      ChatPrompt& prompt = sampled.emplace_back(probe.prompt(questions[i]));
      prompt.seed = RandomStream{.seed = material.suite.seed,
                                 .stream = stream_id("cli/eval_consistency"),
                                 .step = static_cast<std::uint32_t>(i)}
                        .bits(k);
    }
  }
  for (const std::size_t turn : kLaterTurns) {
    for (std::size_t i = 0; i < count; ++i)
      later.push_back(later_prompt(probe, questions, greedy, i, turn));
  }
  std::vector<ChatPrompt> wordings;
  std::vector<std::size_t> wording_counts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<metrics::Paraphrase> found = metrics::paraphrases(questions[i].text);
    wording_counts.push_back(std::min(found.size(), static_cast<std::size_t>(plan.paraphrases)));
    for (std::size_t k = 0; k < wording_counts.back(); ++k)
      wordings.push_back(probe.prompt(reworded(questions[i], found[k].text)));
  }
  ATTUNE_TRY(const std::vector<Asked> samples_asked, probe.ask(sampled, plan.temperature));
  ATTUNE_TRY(const std::vector<Asked> wordings_asked, probe.ask(wordings, 0));
  ATTUNE_TRY(const std::vector<Asked> later_asked, probe.ask(later, 0));

  std::vector<std::string> house_texts;
  for (const eval::Item& item : items) house_texts.push_back(item.reference);
  const std::optional<metrics::StyleProfile> house = metrics::mean_profile(house_texts);

  std::vector<metrics::ConsistencyItem> measured(count);
  std::size_t wording = 0;
  for (std::size_t i = 0; i < count; ++i) {
    metrics::ConsistencyItem& item = measured[i];
    const metrics::OutputRule rule = agreement_rule(items[i], material.suite);
    const std::vector<std::string> drawn = texts_of(samples_asked, i, samples, count);
    item.parts[0] = metrics::mean_agreement(drawn, rule);

    const bool answered = greedy.answers[i].failure.empty();
    std::vector<std::string> worded;
    if (answered) worded.push_back(greedy.answers[i].text);
    for (std::size_t k = 0; k < wording_counts[i]; ++k, ++wording) {
      if (wordings_asked[wording].answer.failure.empty())
        worded.push_back(wordings_asked[wording].answer.text);
    }
    item.parts[1] = metrics::mean_agreement(worded, rule);

    std::int64_t passed = 0;
    for (const std::string& text : drawn) {
      const eval::ItemScore score = score_of(material, metric, items[i], text);
      passed += passes(score, plan) ? 1 : 0;
      item.right += score.compliant && score.accuracy >= 1 ? 1 : 0;
    }
    item.answers = std::ssize(drawn);
    item.parts[2] = metrics::pass_power_k(passed, item.answers, item.answers);
    if (house) item.parts[3] = metrics::style_stability(drawn, *house);

    std::vector<double> kept = {
        score_of(material, metric, items[i], greedy.answers[i].text).compliant ? 1.0 : 0.0};
    for (const std::string& text : texts_of(later_asked, i, kLaterTurns.size(), count))
      kept.push_back(score_of(material, metric, items[i], text).compliant ? 1 : 0);
    if (const auto drift = metrics::drift(kept); answered && drift && kept.size() > 1)
      item.parts[4] = drift->kept;
  }
  return measured;
}

}  // namespace attune::cli
