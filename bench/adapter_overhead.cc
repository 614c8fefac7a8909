// What an adapter adds to the time of the first token, over its base, as the server computes it:
// the same prompt with and without, in turn and in an order that is drawn; the median of the
// differences with its interval.
//
//   adapter_overhead [--model FOLDER] [--rank 32] [--prompt 150] [--pairs 400] [--threads 0]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/random.h"
#include "infer/engine.h"

namespace attune {
namespace {

struct Options {
  Path model = Path(ATTUNE_SOURCE_DIR) / "models" / "attune-base";
  std::int64_t rank = 32, prompt = 150, pairs = 400;
  int threads = 0;
};

Result<std::shared_ptr<const model::Adapter>> make_adapter(const Options& options) {
  ATTUNE_TRY(model::Model tuned, model::Model::load(options.model, model::Precision::bf16));
  ATTUNE_TRY_VOID(tuned.add_lora({.rank = options.rank, .alpha = 32}, 2));
  const Path folder = std::filesystem::temp_directory_path() / "attune_adapter_overhead";
  ATTUNE_TRY_VOID(tuned.save_adapter(folder, "base"));
  ATTUNE_TRY(model::Adapter adapter, model::Adapter::load(folder, tuned));
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return std::make_shared<const model::Adapter>(std::move(adapter));
}

// Seconds until the first token of a new prompt.
double first_token(infer::Engine& engine, std::shared_ptr<const model::Adapter> adapter,
                   std::int64_t length, std::int64_t vocabulary, std::uint32_t pair) {
  infer::Work work;
  const RandomStream draw{.seed = 3, .stream = stream_id("prompt"), .step = pair};
  for (std::int64_t i = 0; i < length; ++i) {
    work.prompt.push_back(static_cast<std::int32_t>(
        draw.below(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(vocabulary))));
  }
  work.adapter = std::move(adapter);
  work.max_new_tokens = 1;
  const Stopwatch watch;
  const auto task = engine.submit(std::move(work)).value();
  while (task->next()) {
  }
  return watch.seconds();
}

struct Median {
  double value, low, high;  // with the 95 % interval
};

// The interval lies between two of the values: how many are below the median is binomial, here by
// its normal approximation.
Median median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  const auto at = [&](double place) {
    return values[static_cast<std::size_t>(std::clamp(place, 0.0, count - 1))];
  };
  const double half = 0.98 * std::sqrt(count);  // 1.96 sqrt(n) / 2
  return {at(count / 2), at(std::floor(count / 2 - half)), at(std::ceil(count / 2 + half))};
}

Result<void> run(const Options& options) {
  ATTUNE_TRY(model::Model base, model::Model::load(options.model, model::Precision::bf16));
  base.arrange_for_answers();  // as the server does
  ATTUNE_TRY(const auto adapter, make_adapter(options));
  ATTUNE_TRY(const text::Tokenizer tokenizer, text::Tokenizer::load(options.model));
  ATTUNE_TRY(const auto engine,
             infer::Engine::start(base, tokenizer, {.threads = options.threads}));
  const RandomStream coin{.seed = 4, .stream = stream_id("order"), .step = 0};
  std::vector<double> alone, adapted;
  constexpr std::int64_t kWarmUp = 5;
  for (std::int64_t pair = -kWarmUp; pair < options.pairs; ++pair) {
    double seconds[2] = {};
    const auto number = static_cast<std::uint32_t>(pair + kWarmUp);
    const bool adapter_first = coin.uniform(number) < 0.5f;
    for (const bool with : {adapter_first, !adapter_first}) {
      seconds[with] = first_token(*engine, with ? adapter : nullptr, options.prompt,
                                  base.spec().vocabulary, number);
    }
    if (pair < 0) continue;
    alone.push_back(1e3 * seconds[0]);
    adapted.push_back(1e3 * seconds[1]);
  }
  std::vector<double> differences;
  for (std::size_t i = 0; i < alone.size(); ++i) differences.push_back(adapted[i] - alone[i]);
  const Median added = median(differences);
  fmt::print(
      "{} million parameters, bf16, {}; prompt of {} tokens; adapter of rank {} on every linear\n"
      "first token, median: {:.2f} ms the base, {:.2f} ms with the adapter\n"
      "the adapter adds {:.3f} ms, median of {} pairs (95 % interval {:.3f} to {:.3f})\n",
      base.spec().parameters() / 1'000'000, isa_name(engine->isa()), options.prompt, options.rank,
      median(alone).value, median(adapted).value, added.value, differences.size(), added.low,
      added.high);
  return {};
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  attune::Options options;
  CLI::App app{"What an adapter adds to the time of the first token"};
  app.add_option("--model", options.model, "Folder of the base");
  app.add_option("--rank", options.rank)->check(CLI::Range(1, 4096));
  app.add_option("--prompt", options.prompt)->check(CLI::PositiveNumber);
  app.add_option("--pairs", options.pairs)->check(CLI::Range(2, 100000));
  app.add_option("--threads", options.threads)->check(CLI::NonNegativeNumber);
  CLI11_PARSE(app, argc, argv);
  const auto done = attune::run(options);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message());
  return attune::exit_code(done.error());
}
