// Asking the arms of a suite.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "cli/eval.h"

namespace attune::cli {

namespace {

constexpr std::size_t kRound = 56;  // prompts handed over at once: what is decoded side by side
constexpr int kPatientRetries = 5;  // a long run meets busy servers

bool is_folder(const std::string& model) {
  std::error_code ignored;
  return std::filesystem::is_directory(model, ignored);
}

Result<std::unique_ptr<ChatModel>> load_local(const std::string& folder,
                                              const EvalOptions& options) {
  ModelOptions model;
  std::error_code ignored;
  const bool adapter = std::filesystem::exists(Path(folder) / "adapter_config.json", ignored);
  (adapter ? model.adapter : model.model) = folder;
  model.dtype = options.dtype;
  model.threads = options.threads;
  return local_chat_model(std::move(model), static_cast<std::int64_t>(kRound));
}

eval::Answer answer_of(ChatReply reply) {
  return {.text = std::move(reply.text),
          .prompt_tokens = reply.prompt_tokens,
          .completion_tokens = reply.completion_tokens,
          .cut = reply.cut,
          .failure = reply.failure ? reply.failure->message() : std::string()};
}

ChatSettings settings_of(const eval::Suite& suite) {
  return {.most_tokens = suite.most_tokens, .temperature = suite.temperature};
}

ChatPrompt chat_prompt(const Material& material, const eval::SuiteArm& arm,
                       const Question& question) {
  ChatPrompt prompt{.messages = prompt_of(material, arm, question), .tools = question.tools};
  if (material.suite.temperature > 0) prompt.seed = material.suite.seed;
  return prompt;
}

std::string key_of(const ChatModel& model, const ChatPrompt& prompt, const ChatSettings& settings) {
  return eval::answer_key({{"model", model.identity()},
                           {"messages", prompt.messages},
                           {"tools", prompt.tools},
                           {"max_tokens", settings.most_tokens},
                           {"temperature", settings.temperature},
                           {"seed", prompt.seed ? Json(*prompt.seed) : Json()}});
}

}  // namespace

Result<ChatModel*> ModelShelf::get(const eval::SuiteArm& arm) {
  for (const Place& place : places_) {
    if (place.model == arm.model && place.endpoint == arm.endpoint) return place.chat.get();
  }
  Place place{.model = arm.model, .endpoint = arm.endpoint, .chat = nullptr};
  if (arm.endpoint.empty() && is_folder(arm.model)) {
    ATTUNE_TRY(place.chat, load_local(arm.model, options_));
    place.chat = metered(std::move(place.chat), arm.price, spending_);
  } else {
    RemoteOptions remote = options_.remote;
    if (!arm.endpoint.empty()) remote.endpoint.url = arm.endpoint;
    ATTUNE_TRY(const client::Endpoint endpoint, remote.resolve());
    place.chat = metered(remote_chat_model(endpoint, arm.model, options_.at_once, kPatientRetries),
                         arm.price, spending_);
  }
  places_.push_back(std::move(place));
  return places_.back().chat.get();
}

Result<std::vector<Asked>> ask_prompts(ChatModel& model, const std::vector<ChatPrompt>& prompts,
                                       const ChatSettings& settings, eval::AnswerCache& cache,
                                       const AnswerProgress& progress, bool answered_before) {
  std::vector<Asked> asked(prompts.size());
  std::vector<std::size_t> open;
  std::vector<std::string> keys;
  std::map<std::string, std::size_t> firsts;  // equal prompts are asked once
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    keys.push_back(key_of(model, prompts[i], settings));
    if (const eval::Answer* known = cache.find(keys.back())) {
      asked[i].answer = *known;
    } else if (firsts.emplace(keys.back(), i).second) {
      open.push_back(i);
    }
  }
  bool alive = answered_before || open.size() < prompts.size();
  for (std::size_t from = 0; from < open.size(); from += kRound) {
    const std::size_t to = std::min(open.size(), from + kRound);
    std::vector<ChatPrompt> round;
    for (std::size_t k = from; k < to; ++k) round.push_back(prompts[open[k]]);
    std::vector<ChatReply> replies = model.answer(round, settings);
    std::vector<std::pair<std::string, eval::Answer>> answered;
    for (std::size_t k = from; k < to; ++k) {
      Asked& one = asked[open[k]];
      one.refused = replies[k - from].prompt_refused;
      one.answer = answer_of(std::move(replies[k - from]));
      alive = alive || one.refused || one.answer.failure.empty();
      if (one.answer.failure.empty()) answered.emplace_back(keys[open[k]], one.answer);
    }
    if (!alive) {
      return environment_failure(
          {.where = "the model",
           .found = "no question got an answer: " + asked[open[from]].answer.failure,
           .wanted = "a model that answers"});
    }
    ATTUNE_TRY_VOID(cache.add(answered));
    progress(prompts.size() - open.size() + to, prompts.size());
  }
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto first = firsts.find(keys[i]);
    if (first != firsts.end()) asked[i] = asked[first->second];
  }
  return asked;
}

Result<eval::ArmResult> ask_arm(ChatModel& model, const Material& material,
                                const eval::SuiteArm& arm, std::vector<Question>& questions,
                                eval::AnswerCache& cache, const AnswerProgress& progress) {
  eval::ArmResult result{.name = arm.name, .answers = {}};
  result.answers.resize(questions.size());
  std::vector<std::size_t> open(questions.size());
  std::iota(open.begin(), open.end(), std::size_t{0});
  while (!open.empty()) {
    std::vector<ChatPrompt> prompts;
    for (const std::size_t i : open) prompts.push_back(chat_prompt(material, arm, questions[i]));
    ATTUNE_TRY(std::vector<Asked> asked,
               ask_prompts(model, prompts, settings_of(material.suite), cache, progress,
                           open.size() < questions.size()));
    std::vector<std::size_t> too_long;
    for (std::size_t k = 0; k < open.size(); ++k) {
      Question& question = questions[open[k]];
      if (asked[k].refused && question.shots > 0) {
        --question.shots;
        too_long.push_back(open[k]);
      } else {
        result.answers[open[k]] = std::move(asked[k].answer);
      }
    }
    open = std::move(too_long);
  }
  const bool none = std::all_of(result.answers.begin(), result.answers.end(),
                                [](const eval::Answer& one) { return !one.failure.empty(); });
  if (none && !result.answers.empty()) {
    return environment_failure(
        {.where = "arm " + arm.name,
         .found = "no question got an answer: " + result.answers.front().failure,
         .wanted = "a model that answers"});
  }
  return result;
}

std::map<std::string, eval::AdapterTimes> time_adapters(
    const std::vector<ChatModel*>& models, const Material& material,
    const std::vector<std::vector<Question>>& questions) {
  std::map<std::string, eval::AdapterTimes> times;
  const auto timed =
      std::min(questions.front().size(), static_cast<std::size_t>(material.suite.timed_items));
  for (std::size_t arm = 0; arm < models.size() && timed > 0; ++arm) {
    const eval::SuiteArm& one = material.suite.arms[arm];
    std::vector<ChatPrompt> prompts;
    for (std::size_t item = 0; item < timed; ++item)
      prompts.push_back(chat_prompt(material, one, questions[arm][item]));
    if (auto measured = models[arm]->time_adapter(prompts)) times[one.name] = *std::move(measured);
  }
  return times;
}

void time_arms(const std::vector<ChatModel*>& models, const Material& material,
               const std::vector<std::vector<Question>>& questions,
               std::vector<eval::ArmResult>& answers) {
  const ChatSettings settings = settings_of(material.suite);
  const auto timed =
      std::min(questions.front().size(), static_cast<std::size_t>(material.suite.timed_items));
  for (std::size_t item = 0; item < timed; ++item) {
    for (std::size_t turn = 0; turn < models.size(); ++turn) {
      const std::size_t arm = item % 2 == 0 ? turn : models.size() - 1 - turn;
      const ChatReply reply = models[arm]->answer_alone(
          chat_prompt(material, material.suite.arms[arm], questions[arm][item]), settings);
      if (reply.failure) continue;
      answers[arm].answers[item].latency_ms = reply.milliseconds;
      answers[arm].answers[item].first_token_ms = reply.first_token_ms;
    }
  }
}

}  // namespace attune::cli
