#include "serve/routes_completions.h"

#include <algorithm>
#include <deque>

#include "serve/generation.h"
#include "wire/completions.h"

namespace attune::serve {

namespace {

// A prompt as it was given and as the model reads it.
struct Prompt {
  std::vector<std::int32_t> ids;
  std::string text;
};

// Text never becomes a control token; ids are taken as they are.
Answer<Prompt> read_prompt(const ServedModel& model, const wire::TextOrTokens& given) {
  const text::Tokenizer& tokenizer = model.base->tokenizer();
  Prompt prompt;
  if (const auto* text = std::get_if<std::string>(&given)) {
    prompt.text = *text;
    prompt.ids = tokenizer.encode(*text, {.parse_special = false, .add_special = true});
  } else {
    prompt.ids = std::get<std::vector<std::int32_t>>(given);
    prompt.text = tokenizer.decode(prompt.ids, {});
  }
  if (prompt.ids.empty()) {
    if (!model.base->first_token) {
      return wire::refuse(
          wire::invalid_value("prompt", "This model can not begin without a prompt."));
    }
    prompt.ids.push_back(*model.base->first_token);
  }
  return prompt;
}

// The works of a request and what they have in common.
struct Plan {
  ServedModel model;
  wire::CompletionRequest request;
  std::vector<Prompt> prompts;
  std::vector<infer::Work> works;
  wire::AnswerHead head;
};

Answer<Plan> make_plan(App& app, Request& request, wire::CompletionRequest wanted) {
  ATTUNE_ANSWER(ServedModel model, app.models->find(request.principal.tenant, wanted.model));
  Plan plan{.model = std::move(model),
            .request = std::move(wanted),
            .prompts = {},
            .works = {},
            .head = {}};
  for (const wire::TextOrTokens& given : plan.request.prompts) {
    ATTUNE_ANSWER(Prompt prompt, read_prompt(plan.model, given));
    const bool answers = plan.request.sampling.max_tokens.value_or(1) > 0;
    ATTUNE_ANSWER_VOID(
        check_length(plan.model, std::ssize(prompt.ids), answers, "prompt", "your prompt"));
    ATTUNE_ANSWER(infer::Work work, make_work(plan.model, request.principal.tenant,
                                              plan.request.sampling, prompt.ids));
    const std::int64_t vocabulary = plan.model.base->weights.spec().vocabulary;
    for (const std::int32_t id : prompt.ids) {
      if (id >= 0 && id < vocabulary) continue;
      return wire::refuse(
          wire::invalid_value("prompt", "Invalid token id in 'prompt': " + std::to_string(id)));
    }
    work.choices = plan.request.best_of;
    work.logprobs = plan.request.logprobs || plan.request.best_of > plan.request.sampling.n;
    work.top_logprobs = plan.request.logprobs.value_or(0);
    work.score_prompt = plan.request.echo && plan.request.logprobs;
    plan.works.push_back(std::move(work));
    plan.prompts.push_back(std::move(prompt));
  }
  plan.head = answer_head(plan.model, "cmpl-");
  plan.head.stream = plan.request.stream_options;
  return plan;
}

// The tasks of a request, a stretch ahead of the one that is waited for: a request with thousands
// of prompts does not fill the queue of others.
class TaskLine {
 public:
  TaskLine(Plan& plan, ServerMetrics* metrics) : plan_(plan), metrics_(metrics) {}

  // That of prompt `index`; called for 0, 1, 2 ...
  Answer<Generation*> at(std::size_t index) {
    constexpr std::size_t kAhead = 64;
    while (first_ < index) tasks_.pop_front(), ++first_;
    while (next_ < plan_.works.size() && next_ < index + kAhead) {
      ATTUNE_ANSWER(Generation started,
                    Generation::start(plan_.model, std::move(plan_.works[next_]), metrics_));
      tasks_.push_back(std::move(started));
      ++next_;
    }
    return &tasks_.front();
  }

 private:
  Plan& plan_;
  ServerMetrics* metrics_;
  std::deque<Generation> tasks_;
  std::size_t first_ = 0, next_ = 0;
};

double mean_logprob(const CollectedChoice& choice) {
  double sum = 0;
  std::int64_t count = 0;
  const auto add = [&](const infer::TokenReport& token) {
    sum += token.logprob.value_or(0);
    ++count;
  };
  std::for_each(choice.tokens.begin(), choice.tokens.end(), add);
  if (choice.end) add(*choice.end);
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

// The n of best_of choices with the likeliest tokens.
void keep_best(std::vector<CollectedChoice>& choices, std::int64_t n) {
  if (std::ssize(choices) <= n) return;
  std::stable_sort(choices.begin(), choices.end(),
                   [](const CollectedChoice& a, const CollectedChoice& b) {
                     return mean_logprob(a) > mean_logprob(b);
                   });
  choices.resize(static_cast<std::size_t>(n));
}

// As text_offset counts them: what begins a character, also in the bytes of a part of one.
std::int64_t characters_in(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

// A choice's tokens in the API's words: those of the prompt with echo, and the one that ended it.
std::vector<wire::TokenLogprob> all_tokens(const Plan& plan, const infer::PromptReport& prompt,
                                           const CollectedChoice& choice) {
  std::vector<wire::TokenLogprob> all;
  const auto add = [&](std::span<const infer::TokenReport> tokens) {
    for (auto& token : to_wire(plan.model, tokens)) all.push_back(std::move(token));
  };
  if (plan.request.echo) add(prompt.tokens);
  add(choice.tokens);
  if (choice.end) add({&*choice.end, 1});
  return all;
}

Answer<Response> answer_whole(Plan plan, const Request& request, ServerMetrics* metrics) {
  TaskLine tasks(plan, metrics);
  wire::Usage usage;
  std::vector<wire::CompletionChoice> choices;
  for (std::size_t i = 0; i < plan.prompts.size(); ++i) {
    ATTUNE_ANSWER(Generation* const task, tasks.at(i));
    ATTUNE_ANSWER(Collected all, collect(*task, request));
    usage.prompt_tokens += std::ssize(plan.prompts[i].ids);
    usage.cached_tokens += all.prompt.reused_tokens;
    for (const CollectedChoice& one : all.choices) usage.completion_tokens += one.drawn_tokens;
    keep_best(all.choices, plan.request.sampling.n);
    for (const CollectedChoice& one : all.choices) {
      wire::CompletionChoice choice{.index = std::ssize(choices), .text = one.text};
      if (plan.request.echo) choice.text = plan.prompts[i].text + choice.text;
      choice.finish_reason = finish_reason(one.finish);
      if (plan.request.logprobs) choice.logprobs = all_tokens(plan, all.prompt, one);
      if (!plan.request.echo) choice.first_offset = characters_in(plan.prompts[i].text);
      choices.push_back(std::move(choice));
    }
  }
  return Response::json(wire::completion_response(plan.head, choices, usage));
}

// Writes the updates of the tasks as chunks, prompt by prompt.
class CompletionStream {
 public:
  CompletionStream(Plan& plan, StreamWriter& out) : plan_(plan), out_(out) {}

  void run(ServerMetrics* metrics) {
    TaskLine tasks(plan_, metrics);
    for (prompt_ = 0; prompt_ < plan_.prompts.size(); ++prompt_) {
      auto task = tasks.at(prompt_);
      if (!task) {
        out_.write(sse(wire::to_json(task.error())));
        return;
      }
      usage_.prompt_tokens += std::ssize(plan_.prompts[prompt_].ids);
      offsets_.assign(static_cast<std::size_t>((*task)->work().choices),
                      characters_in(plan_.prompts[prompt_].text));
      if (!follow(**task, out_, [this](const infer::Update& update) { return take(update); })) {
        return;
      }
    }
    std::string end;
    if (plan_.request.stream_options.include_usage) {
      end = sse(wire::completion_usage_chunk(plan_.head, usage_));
    }
    out_.write(end.append(kSseDone));
  }

 private:
  bool take(const infer::Update& update) {
    std::string chunks;
    if (update.prompt) {
      usage_.cached_tokens += update.prompt->reused_tokens;
      if (plan_.request.echo) chunks = echo(*update.prompt);
    }
    if (update.finish) usage_.completion_tokens += update.drawn_tokens;
    if (!update.text.empty() || !update.tokens.empty() || update.finish) chunks += chunk(update);
    return chunks.empty() || out_.write(chunks);
  }

  std::int64_t index_of(std::int64_t choice) const {
    return static_cast<std::int64_t>(prompt_) * plan_.request.sampling.n + choice;
  }

  std::string echo(const infer::PromptReport& prompt) {
    std::string chunks;
    for (std::int64_t i = 0; i < plan_.request.sampling.n; ++i) {
      wire::CompletionChoice choice{.index = index_of(i), .text = plan_.prompts[prompt_].text};
      choice.finish_reason.reset();
      if (plan_.request.logprobs) choice.logprobs = to_wire(plan_.model, prompt.tokens);
      chunks += sse(wire::completion_chunk(plan_.head, choice));
    }
    return chunks;
  }

  std::string chunk(const infer::Update& update) {
    wire::CompletionChoice choice{.index = index_of(update.choice), .text = update.text};
    choice.finish_reason.reset();
    if (update.finish) choice.finish_reason = finish_reason(*update.finish);
    if (plan_.request.logprobs) {
      choice.logprobs = to_wire(plan_.model, update.tokens);
      if (update.end) choice.logprobs->push_back(to_wire(plan_.model, {&*update.end, 1})[0]);
      std::int64_t& offset = offsets_[static_cast<std::size_t>(update.choice)];
      choice.first_offset = offset;
      for (const wire::TokenLogprob& token : *choice.logprobs) {
        offset += characters_in(token.token.bytes);
      }
    }
    return sse(wire::completion_chunk(plan_.head, choice));
  }

  Plan& plan_;
  StreamWriter& out_;
  std::size_t prompt_ = 0;
  std::vector<std::int64_t> offsets_;  // characters before the next token of each choice
  wire::Usage usage_ = {};
};

Answer<Response> create_completion(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(wire::CompletionRequest wanted, wire::parse_completion_request(body));
  ATTUNE_ANSWER(Plan plan, make_plan(app, request, std::move(wanted)));
  if (!plan.request.stream) return answer_whole(std::move(plan), request, app.metrics);
  if (plan.request.best_of > plan.request.sampling.n) {
    return wire::refuse(
        wire::invalid_value("best_of", "best_of can not be more than n while streaming."));
  }
  const auto shared = std::make_shared<Plan>(std::move(plan));
  return Response::stream([shared, metrics = app.metrics](StreamWriter& out) {
    CompletionStream(*shared, out).run(metrics);
  });
}

}  // namespace

void add_completion_routes(Router& router, App& app) {
  router.add("POST", "/v1/completions", "models:use",
             [&app](Request& request) { return create_completion(app, request); },
             {.run = Run::long_running,
              .summary = "Continue a prompt",
              .request = "CreateCompletionRequest",
              .response = "CreateCompletionResponse"});
}

}  // namespace attune::serve
