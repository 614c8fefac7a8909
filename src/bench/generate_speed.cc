#include "bench/generate_speed.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/random.h"
#include "bench/machine.h"
#include "model/forward.h"
#include "train/estimate.h"
#include "train/flops.h"

namespace attune::bench {

namespace {

Result<void> check_memory(const model::ArchSpec& spec, const GenerateSpeedOptions& options) {
  const std::int64_t available = train::available_memory_bytes();
  const std::int64_t weights = model::weight_bytes(spec, options.precision);
  const std::int64_t cache =
      (options.prompt + options.tokens) * model::KvCache::bytes_a_position(spec);
  if (available == 0 || weights + cache <= available) return {};
  return environment_failure(
      {.where = "memory",
       .found = fmt::format("a need of {} (weights {}, keys and values {})",
                            gibibytes(weights + cache), gibibytes(weights), gibibytes(cache)),
       .wanted = fmt::format("at most the {} that are free", gibibytes(available)),
       .fix = "lower --prompt or take a smaller --shape"});
}

std::vector<std::int32_t> random_tokens(std::int64_t count, std::int64_t vocabulary) {
  const RandomStream stream{.seed = 1, .stream = stream_id("prompt"), .step = 0};
  std::vector<std::int32_t> tokens;
  for (std::int64_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<std::int32_t>(
        stream.below(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(vocabulary))));
  }
  return tokens;
}

// Every matrix but the embedding, of which a token reads one row, and the cache behind
// the prompt and half of the answer.
double bytes_a_token(const model::ArchSpec& spec, const GenerateSpeedOptions& options) {
  const std::int64_t embedding =
      spec.vocabulary * spec.hidden * (options.precision == model::Precision::f32 ? 4 : 2);
  const std::int64_t positions = options.prompt + options.tokens / 2;
  return static_cast<double>(model::weight_bytes(spec, options.precision) -
                             (spec.tied ? 0 : embedding) +
                             positions * model::KvCache::bytes_a_position(spec));
}

double prompt_flops(const model::Model& model, std::int64_t tokens) {
  const train::PassShape shape{
      .tokens = tokens,
      .targets = 1,
      .pairs = train::attention_pairs(tokens, model.spec().sliding_window)};
  return train::forward_flops(train::flop_rules(model), shape);
}

}  // namespace

Result<GenerateSpeed> measure_generation(const kernels::Context& context,
                                         const model::ArchSpec& spec,
                                         const GenerateSpeedOptions& options) {
  ATTUNE_TRY_VOID(check_memory(spec, options));
  model::Model model = model::Model::outline(spec, options.precision);
  model.fill_stand_in();
  model.arrange_for_answers();
  model::Workspace workspace(model, options.prompt, false);
  model::KvCache cache(spec, 1, options.prompt + options.tokens);
  std::vector<float> logits(static_cast<std::size_t>(spec.vocabulary));
  const std::vector<std::int32_t> prompt = random_tokens(options.prompt, spec.vocabulary);
  const auto append = [&](std::span<const std::int32_t> tokens) {
    const model::Append next{.slot = 0, .tokens = tokens};
    model::forward_cached(context, model, workspace, cache, {&next, 1}, false, logits.data(), {});
    const auto best = std::max_element(logits.begin(), logits.end());
    return static_cast<std::int32_t>(best - logits.begin());
  };
  std::vector<double> prefill, token;
  for (std::int64_t repeat = 0; repeat <= options.repeats; ++repeat) {  // the first is not counted
    cache.truncate(0, 0);
    const Stopwatch of_prompt;
    std::int32_t next = append(prompt);
    const double prompt_seconds = of_prompt.seconds();
    const Stopwatch of_tokens;
    for (std::int64_t i = 0; i < options.tokens; ++i) next = append({&next, 1});
    if (repeat == 0) continue;
    prefill.push_back(prompt_seconds);
    token.push_back(of_tokens.seconds() / static_cast<double>(options.tokens));
  }
  GenerateSpeed speed;
  speed.prefill_seconds = median(prefill);
  speed.token_seconds = median(token);
  speed.prefill_tokens_per_second = static_cast<double>(options.prompt) / speed.prefill_seconds;
  speed.decode_tokens_per_second = 1 / speed.token_seconds;
  speed.prefill_flops_per_second = prompt_flops(model, options.prompt) / speed.prefill_seconds;
  speed.bytes_a_token = bytes_a_token(spec, options);
  return speed;
}

}  // namespace attune::bench
