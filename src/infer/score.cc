#include "infer/score.h"

#include <algorithm>

#include <fmt/format.h>

#include "infer/sampler.h"

namespace attune::infer {

namespace {

constexpr std::int64_t kChunk = 128;  // tokens a pass: bounds the logits to kChunk * V floats

Result<void> check(const model::ArchSpec& spec, std::span<const std::int32_t> tokens) {
  if (tokens.size() < 2) {
    return bad_input({.where = "tokens",
                      .found = fmt::format("{} token(s)", tokens.size()),
                      .wanted = "at least two",
                      .fix = "a score needs a token and one that follows it"});
  }
  if (std::ssize(tokens) > spec.max_positions) {
    return bad_input(
        {.where = "tokens",
         .found = fmt::format("{} tokens", tokens.size()),
         .wanted = fmt::format("at most the model's context of {}", spec.max_positions),
         .fix = "score a shorter text"});
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= spec.vocabulary) {
      return bad_input({.where = fmt::format("token {} of the sequence", i + 1),
                        .found = fmt::format("id {}", tokens[i]),
                        .wanted = fmt::format("an id from 0 to {}", spec.vocabulary - 1),
                        .fix = "use the tokenizer of this model"});
    }
  }
  return {};
}

}  // namespace

Result<std::vector<double>> score_tokens(const kernels::Context& context, const model::Model& model,
                                         std::span<const std::int32_t> tokens, bool use_adapter) {
  ATTUNE_TRY_VOID(check(model.spec(), tokens));
  const std::int64_t length = std::ssize(tokens);
  const auto vocabulary = static_cast<std::size_t>(model.spec().vocabulary);
  model::Workspace workspace(model, std::min(kChunk, length), false);
  model::KvCache cache(model.spec(), 1, length);
  std::vector<float> logits(static_cast<std::size_t>(std::min(kChunk, length)) * vocabulary);
  model::PassOptions options;
  options.use_adapter = use_adapter;

  std::vector<double> logprobs;
  for (std::int64_t begin = 0; begin < length; begin += kChunk) {
    const std::int64_t count = std::min(kChunk, length - begin);
    const model::Append append{
        0, tokens.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count))};
    model::forward_cached(context, model, workspace, cache, {&append, 1}, true, logits.data(),
                          options);
    for (std::int64_t row = 0; row < count && begin + row + 1 < length; ++row) {
      logprobs.push_back(token_logprob(
          std::span(logits).subspan(static_cast<std::size_t>(row) * vocabulary, vocabulary),
          tokens[static_cast<std::size_t>(begin + row + 1)]));
    }
  }
  return logprobs;
}

}  // namespace attune::infer
