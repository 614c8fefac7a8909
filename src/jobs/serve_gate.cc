#include "jobs/serve_gate.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "infer/sampler.h"
#include "model/extend.h"
#include "train/pack.h"
#include "wire/chat.h"

namespace attune::jobs {

namespace {

// ---- tokens ----

bool is_learned(const Json& message) {
  return message.value("role", "") == "assistant" && message.value("weight", Json(1)) != 0;
}

// What a client sends: the messages before the answer, through the server's own reading of a
// request. A request that the server refuses (tools, for now) is taken as it stands.
Json served_messages(const Json& before) {
  const Json body = {{"model", "m"}, {"messages", before}};
  const auto request = wire::parse_chat_request(body);
  return request ? request->messages : before;
}

Json without_weights(const Json& messages) {
  Json sent = messages;
  for (Json& message : sent) message.erase("weight");
  return sent;
}

// The first of the last run of targets.
std::size_t last_answer(const text::EncodedChat& chat) {
  std::size_t at = chat.trained.size();
  while (at > 0 && chat.trained[at - 1] <= 0) --at;
  while (at > 0 && chat.trained[at - 1] > 0) --at;
  return at;
}

Result<std::optional<Mismatch>> compare_row(const text::ChatFormat& format,
                                            const data::Example& row, std::time_t now) {
  Json messages = row.messages;
  while (!messages.empty() && !is_learned(messages.back())) messages.erase(messages.size() - 1);
  if (messages.empty()) return std::optional<Mismatch>();
  ATTUNE_TRY(const text::EncodedChat trained, format.encode_training(messages, row.tools, now));
  messages.erase(messages.size() - 1);
  if (messages.empty()) return std::optional<Mismatch>();
  const std::size_t answer = last_answer(trained);
  if (answer == trained.ids.size()) return std::optional<Mismatch>();
  const Json request = served_messages(without_weights(messages));
  ATTUNE_TRY(const std::vector<std::int32_t> served, format.encode_prompt(request, row.tools, now));

  const std::vector<std::int32_t> expected(
      trained.ids.begin(), trained.ids.begin() + static_cast<std::ptrdiff_t>(answer));
  if (served == expected) return std::optional<Mismatch>();
  const auto parting =
      std::mismatch(expected.begin(), expected.end(), served.begin(), served.end());
  const auto place = parting.first - expected.begin();
  const text::Tokenizer& tokenizer = format.tokenizer();
  const auto shown = [&](const std::vector<std::int32_t>& ids) {
    return place < std::ssize(ids)
               ? fmt::format("{} \"{}\"", ids[static_cast<std::size_t>(place)],
                             tokenizer.decode({&ids[static_cast<std::size_t>(place)], 1}, {}))
               : std::string("the end");
  };
  return std::optional(Mismatch{
      .message = fmt::format("serving would not see what training saw: {}, token {} of the prompt "
                             "is {} in training and {} in serving; the chat template renders a "
                             "conversation and the prompt of its answer differently",
                             row.where(), place + 1, shown(expected), shown(served)),
      .details = {{"row", row.where()},
                  {"token", place + 1},
                  {"trained_tokens", expected},
                  {"served_tokens", served},
                  {"trained_text", tokenizer.decode(expected, {})},
                  {"served_text", tokenizer.decode(served, {})}}});
}

// ---- log-probabilities ----

// Documents whose log-probabilities are compared: evenly spread, none longer than a few pages where
// there is a choice.
std::vector<std::int64_t> pick_documents(std::span<const train::DocumentUse> uses,
                                         std::int64_t most) {
  constexpr std::int64_t kLongest = 1024;
  std::vector<std::int64_t> usable, chosen;
  for (const bool short_only : {true, false}) {
    for (std::size_t i = 0; i < uses.size() && (short_only || usable.empty()); ++i) {
      const bool fits = !short_only || uses[i].inputs <= kLongest;
      if (uses[i].inputs > 0 && fits) usable.push_back(static_cast<std::int64_t>(i));
    }
  }
  const std::int64_t count = std::min(most, std::ssize(usable));
  for (std::int64_t i = 0; i < count; ++i) {
    chosen.push_back(usable[static_cast<std::size_t>(i * std::ssize(usable) / count)]);
  }
  return chosen;
}

struct Target {
  std::int64_t document = 0;  // index
  std::int64_t position = 0;  // of the token before it
  std::int32_t token = 0;
  double trained = 0, served = 0;  // log-probabilities
};

// The trainer's: one packed batch through the training forward pass.
std::vector<Target> trained_logprobs(const kernels::Context& kernels, const model::Model& model,
                                     std::span<const train::Document> documents,
                                     std::span<const train::DocumentUse> uses,
                                     const std::vector<std::int64_t>& chosen,
                                     std::int64_t targets_a_row) {
  train::PackedBatch packed;
  train::fill_batch(documents, uses, chosen, packed);
  std::vector<std::int64_t> rows;
  std::vector<Target> targets;
  for (std::size_t d = 0; d < chosen.size(); ++d) {
    const std::int64_t begin = packed.batch.document_starts[d];
    std::int64_t taken = 0;
    for (std::int64_t at = begin; at < packed.batch.document_starts[d + 1]; ++at) {
      const auto index = static_cast<std::size_t>(at);
      if (packed.targets.weight[index] <= 0 || taken == targets_a_row) continue;
      ++taken;
      rows.push_back(at);
      targets.push_back({chosen[d], at - begin, packed.targets.next[index], 0, 0});
    }
  }
  const auto vocabulary = static_cast<std::size_t>(model.spec().vocabulary);
  std::vector<float> logits(rows.size() * vocabulary);
  model::Workspace workspace(model, std::ssize(packed.batch.tokens), false);
  model::compute_logits(kernels, model, workspace, packed.batch, rows, logits.data(), {});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    targets[i].trained = infer::token_logprob(std::span(logits).subspan(i * vocabulary, vocabulary),
                                              targets[i].token);
  }
  return targets;
}

// The server's: each document as a prompt, in the stretches in which a server reads it.
void served_logprobs(const kernels::Context& kernels, const model::Model& model,
                     const model::Adapter& adapter, std::span<const train::Document> documents,
                     std::span<const train::DocumentUse> uses, std::vector<Target>& targets) {
  constexpr std::int64_t kStretch = 128;
  model::Workspace workspace(model, kStretch, false, adapter.rank());
  for (std::size_t first = 0; first < targets.size();) {
    const auto document = static_cast<std::size_t>(targets[first].document);
    const std::int64_t length = uses[document].inputs;
    model::KvCache cache(model.spec(), 1, length);
    std::size_t next = first;
    for (std::int64_t begin = 0; begin < length; begin += kStretch) {
      const std::int64_t count = std::min(kStretch, length - begin);
      const model::Extension extension{
          .cache = &cache,
          .tokens = documents[document].tokens.subspan(static_cast<std::size_t>(begin),
                                                       static_cast<std::size_t>(count)),
          .adapter = &adapter,
          .wanted = model::Wanted::all_logits};
      const auto take = [&](std::span<const model::Origin> origins, std::span<float> rows) {
        const std::size_t width = rows.size() / origins.size();
        for (std::size_t i = 0; i < origins.size(); ++i) {
          if (next == targets.size() || targets[next].document != targets[first].document) return;
          if (targets[next].position != begin + origins[i].token) continue;
          targets[next].served =
              infer::token_logprob(rows.subspan(i * width, width), targets[next].token);
          ++next;
        }
      };
      model::extend_sequences(kernels, model, workspace, {&extension, 1}, take, {});
    }
    first = std::max(next, first + 1);
  }
}

Mismatch describe(const std::vector<Target>& targets, const Target& worst, double mean,
                  std::int64_t line, std::span<const train::Document> documents) {
  Json rows = Json::array();
  for (const Target& target : targets) {
    if (target.document != worst.document) continue;
    rows.push_back({{"token", target.token},
                    {"position", target.position + 1},
                    {"trained", target.trained},
                    {"served", target.served}});
  }
  const auto tokens = documents[static_cast<std::size_t>(worst.document)].tokens;
  return {.message = fmt::format(
              "serving would not answer as trained: row {}, token {} has log-probability {:.4f} in "
              "training and {:.4f} in serving (mean difference of {} tokens: {:.4f})",
              line, worst.position + 2, worst.trained, worst.served, targets.size(), mean),
          .details = {{"row", line},
                      {"mean_difference", mean},
                      {"tokens", std::vector<std::int32_t>(tokens.begin(), tokens.end())},
                      {"logprobs", rows}}};
}

}  // namespace

Result<std::optional<Mismatch>> compare_tokens(const text::ChatFormat& format,
                                               std::span<const data::Example> rows,
                                               std::time_t now) {
  for (const data::Example& row : rows) {
    auto compared = compare_row(format, row, now);
    if (!compared || *compared) return compared;
  }
  return std::optional<Mismatch>();
}

Result<std::optional<Mismatch>> compare_logprobs(const kernels::Context& kernels,
                                                 const model::Model& model, const Path& folder,
                                                 std::span<const train::Document> documents,
                                                 std::int64_t context,
                                                 const LogprobLimits& limits) {
  ATTUNE_TRY(const model::Adapter adapter, model::Adapter::load(folder, model));
  const std::vector<train::DocumentUse> uses = train::measure_documents(documents, context);
  const std::vector<std::int64_t> chosen = pick_documents(uses, limits.rows);
  if (chosen.empty()) return std::optional<Mismatch>();
  std::vector<Target> targets =
      trained_logprobs(kernels, model, documents, uses, chosen, limits.targets_a_row);
  served_logprobs(kernels, model, adapter, documents, uses, targets);

  const auto difference = [](const Target& t) { return std::abs(t.trained - t.served); };
  double sum = 0;
  bool agrees = true;
  const Target* worst = &targets.front();
  for (const Target& target : targets) {
    sum += difference(target);
    // Not a number compares as false, and so counts as a mismatch.
    agrees = agrees && difference(target) <= limits.token;
    if (difference(target) > difference(*worst)) worst = &target;
  }
  const double mean = sum / static_cast<double>(targets.size());
  if (agrees && mean <= limits.mean) return std::optional<Mismatch>();
  const std::int64_t line = documents[static_cast<std::size_t>(worst->document)].row;
  return std::optional(describe(targets, *worst, mean, line, documents));
}

}  // namespace attune::jobs
