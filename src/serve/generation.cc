#include "serve/generation.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <random>

#include <fmt/format.h>

#include "base/cpu.h"
#include "base/random.h"
#include "serve/metrics.h"
#include "wire/ids.h"

namespace attune::serve {

namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

wire::TokenChance chance(const ServedModel& model, std::int32_t id, std::optional<double> logprob) {
  return {.bytes = model.base->token_text->bytes(id), .logprob = logprob};
}

// A template that does not know the newer role of instructions gets the older one.
Json roles_for(const ServedBase& base, Json messages) {
  if (base.tokenizer().chat_template().find("developer") != std::string::npos) return messages;
  for (Json& message : messages) {
    if (message.value("role", "") == "developer") message["role"] = "system";
  }
  return messages;
}

constexpr std::string_view kGaveUp =
    "The server could not finish this answer: it is stopping or short of memory.";

}  // namespace

// The template marks what users wrote, so that no text of theirs becomes a control token.
Answer<std::vector<std::int32_t>> encode_conversation(const ServedModel& model,
                                                      const Json& messages) {
  if (!model.base->chat) {
    return wire::refuse(wire::invalid_value(
        "model", fmt::format("The model {} can not chat: {} POST /v1/completions continues plain "
                             "text with it.",
                             model.name, model.base->chat_fault)));
  }
  auto ids = model.base->chat->encode_prompt(roles_for(*model.base, messages), Json());
  if (!ids) return wire::refuse(wire::invalid_value("messages", ids.error().message()));
  ATTUNE_ANSWER_VOID(check_length(model, std::ssize(*ids), true, "messages", "your messages"));
  return std::move(*ids);
}

Answer<infer::Work> make_work(const ServedModel& model, const jobs::Tenant& tenant,
                              const wire::Sampling& sampling, std::vector<std::int32_t> prompt) {
  const std::int64_t vocabulary = model.base->weights.spec().vocabulary;
  infer::Work work;
  work.adapter = model.adapter;
  work.choices = sampling.n;
  const std::int64_t room = model.base->engine->context_length() - std::ssize(prompt);
  work.max_new_tokens =
      std::min(sampling.max_tokens.value_or(room), std::max<std::int64_t>(room, 0));
  work.prompt = std::move(prompt);
  work.sampling = {
      .temperature = static_cast<float>(sampling.temperature),
      .top_p = static_cast<float>(sampling.top_p),
      .seed = sampling.seed ? static_cast<std::uint64_t>(*sampling.seed) : random_seed()};
  work.penalties = {.frequency = static_cast<float>(sampling.frequency_penalty),
                    .presence = static_cast<float>(sampling.presence_penalty)};
  for (const auto& [token, bias] : sampling.logit_bias) {
    if (token < 0 || token >= vocabulary) {
      return wire::refuse(wire::invalid_value(
          "logit_bias", fmt::format("Invalid key in 'logit_bias': {}. Maximum value is {}.", token,
                                    vocabulary - 1)));
    }
    work.bias.push_back({token, bias});
  }
  work.stop_ids = model.base->stop_ids;
  work.stop = sampling.stop;
  work.scope = tenant.organization + "/" + tenant.project;
  return work;
}

Answer<void> check_length(const ServedModel& model, std::int64_t prompt_tokens, bool answers,
                          std::string_view param, std::string_view subject) {
  const std::int64_t context = model.base->engine->context_length();
  if (prompt_tokens + (answers ? 1 : 0) <= context) return {};
  return wire::refuse(
      {.status = 400,
       .message = fmt::format("This model's maximum context length is {} tokens. However, "
                              "{} resulted in {} tokens. Please reduce the length of the "
                              "{}.",
                              context, subject, prompt_tokens, param),
       .param = std::string(param),
       .code = "context_length_exceeded"});
}

Answer<Generation> Generation::start(const ServedModel& model, infer::Work work,
                                     ServerMetrics* metrics) {
  auto task = model.base->engine->submit(std::move(work));
  if (task) return Generation(std::move(*task), metrics);
  if (task.error().kind == ErrorKind::environment) {
    return wire::refuse(wire::overloaded(task.error().message(), 1));
  }
  return Refusal(wire::from_error(task.error()));
}

Generation::Generation(std::shared_ptr<infer::Task> task, ServerMetrics* metrics)
    : task_(std::move(task)), metrics_(metrics) {
  if (metrics_ == nullptr) return;
  ++metrics_->generations;
  metrics_->prompt_tokens.add(std::ssize(work().prompt));
}

Generation::~Generation() {
  if (!task_) return;
  task_->cancel();
  if (metrics_ != nullptr) --metrics_->generations;
}

std::optional<infer::Update> Generation::next() {
  constexpr std::chrono::milliseconds kPatience(500);
  std::optional<infer::Update> update = task_->next_within(kPatience);
  if (update && metrics_ != nullptr) count(*update);
  return update;
}

void Generation::count(const infer::Update& update) {
  if (!first_token_seen_ && update.drawn_tokens > 0) {
    first_token_seen_ = true;
    metrics_->first_token.observe(watch_.seconds());
  }
  if (update.finish) metrics_->generated_tokens.add(update.drawn_tokens);
}

Answer<Collected> collect(Generation& generation, const std::function<bool()>& is_wanted) {
  Collected all;
  all.choices.resize(static_cast<std::size_t>(generation.work().choices));
  while (!generation.finished()) {
    std::optional<infer::Update> update = generation.next();
    if (!update) {
      if (is_wanted()) continue;
      return wire::refuse(wire::overloaded("The client has gone.", 1));  // which nobody reads
    }
    CollectedChoice& choice = all.choices[static_cast<std::size_t>(update->choice)];
    if (update->prompt) all.prompt = std::move(*update->prompt);
    choice.text += update->text;
    std::move(update->tokens.begin(), update->tokens.end(), std::back_inserter(choice.tokens));
    if (update->end) choice.end = std::move(update->end);
    if (update->finish) choice.finish = *update->finish;
    choice.drawn_tokens = update->drawn_tokens;
  }
  const bool whole = std::none_of(
      all.choices.begin(), all.choices.end(),
      [](const CollectedChoice& choice) { return choice.finish == infer::Finish::cancelled; });
  if (!whole) return wire::refuse(wire::overloaded(std::string(kGaveUp), 1));
  return all;
}

Answer<Collected> collect(Generation& generation, const Request& request) {
  return collect(generation, [&] { return request.client_is_there(); });
}

std::string_view finish_reason(infer::Finish finish) {
  return finish == infer::Finish::stop ? "stop" : "length";
}

std::vector<wire::TokenLogprob> to_wire(const ServedModel& model,
                                        std::span<const infer::TokenReport> tokens) {
  std::vector<wire::TokenLogprob> all;
  for (const infer::TokenReport& token : tokens) {
    wire::TokenLogprob one{.token = chance(model, token.id, token.logprob)};

    for (const infer::Choice& top : token.top) {
      one.top.push_back(chance(model, top.token, top.logprob));
    }
    all.push_back(std::move(one));
  }
  return all;
}

wire::AnswerHead answer_head(const ServedModel& model, std::string_view id_prefix) {
  const std::string computed_by =
      fmt::format("{} {}", model.name, isa_name(model.base->engine->isa()));
  return {.id = wire::new_id(id_prefix, 29),
          .created = unix_now(),
          .model = model.name,
          .system_fingerprint = fmt::format("fp_{:08x}", stream_id(computed_by))};
}

std::string sse(const Json& json) { return "data: " + to_text(json) + "\n\n"; }

std::string sse_error(std::string_view message) {
  return sse(wire::to_json(wire::server_error(std::string(message))));
}

bool follow(Generation& generation, StreamWriter& out,
            const std::function<bool(const infer::Update&)>& take) {
  while (!generation.finished()) {
    const std::optional<infer::Update> update = generation.next();
    if (update && update->finish == infer::Finish::cancelled) {
      out.write(sse_error(kGaveUp));
      generation.cancel();
      return false;
    }
    const bool there = update ? take(*update) : out.client_is_there();
    if (!there) {
      generation.cancel();
      return false;
    }
  }
  return true;
}

}  // namespace attune::serve
