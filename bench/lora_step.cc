// What dropout costs a training pass with LoRA: passes over the same packed batch without it and
// with it, in turn; the median of each.
//
//   lora_step [--model FOLDER] [--rank 32] [--dropout 0.1] [--tokens 1024] [--passes 12]
//             [--threads 0]
#include <algorithm>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/random.h"
#include "model/forward.h"

namespace attune {
namespace {

struct Options {
  Path model = Path(ATTUNE_SOURCE_DIR) / "models" / "attune-base";
  std::int64_t rank = 32, tokens = 1024, passes = 12;
  float dropout = 0.1f;
  int threads = 0;
};

// Documents of 128 tokens; the last eighth of each is supervised.
struct Task {
  model::Batch batch;
  model::Targets targets;
};

Task make_task(std::int64_t tokens, std::int64_t vocabulary) {
  Task task;
  const RandomStream draw{.seed = 1, .stream = stream_id("task"), .step = 0};
  for (std::int64_t i = 0; i < tokens; ++i) {
    if (i % 128 == 0) task.batch.document_starts.push_back(i);
    task.batch.tokens.push_back(static_cast<std::int32_t>(
        draw.below(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(vocabulary))));
    task.targets.weight.push_back(i % 128 >= 112 && i % 128 < 127 ? 1.0f : 0.0f);
  }
  task.batch.document_starts.push_back(tokens);
  task.targets.next.assign(task.batch.tokens.begin() + 1, task.batch.tokens.end());
  task.targets.next.push_back(0);
  return task;
}

// A model with its workspace, ready for passes.
struct Trained {
  model::Model model;
  model::Workspace workspace;
  std::vector<double> seconds = {};

  static Result<Trained> make(const Options& options, float dropout) {
    ATTUNE_TRY(model::Model loaded, model::Model::load(options.model, model::Precision::bf16));
    ATTUNE_TRY_VOID(loaded.add_lora({.rank = options.rank, .alpha = 32, .dropout = dropout}, 1));
    model::Workspace workspace(loaded, options.tokens, true);
    return Trained{std::move(loaded), std::move(workspace)};
  }
  void pass(const kernels::Context& context, const Task& task, std::uint32_t step) {
    const model::PassOptions options{.use_adapter = true,
                                     .dropout = {.seed = 1, .stream = 0, .step = step}};
    const Stopwatch watch;
    model::train_pass(context, model, workspace, task.batch, task.targets, 1.0f, options);
    seconds.push_back(watch.seconds());
  }
  double tokens_a_second(std::int64_t tokens) {
    std::sort(seconds.begin(), seconds.end());
    return static_cast<double>(tokens) / seconds[seconds.size() / 2];
  }
};

Result<void> run(const Options& options) {
  ATTUNE_TRY(const Isa isa, pick_isa());
  const kernels::Context context(isa, options.threads);
  ATTUNE_TRY(Trained plain, Trained::make(options, 0));
  ATTUNE_TRY(Trained dropped, Trained::make(options, options.dropout));
  const Task task = make_task(options.tokens, plain.model.spec().vocabulary);
  for (std::int64_t pass = 0; pass < options.passes; ++pass) {
    plain.pass(context, task, static_cast<std::uint32_t>(pass));
    dropped.pass(context, task, static_cast<std::uint32_t>(pass));
  }
  const double without = plain.tokens_a_second(options.tokens);
  const double with = dropped.tokens_a_second(options.tokens);
  fmt::print("{}, {} threads, rank {}, {} tokens a pass\n", isa_name(isa), context.pool().threads(),
             options.rank, options.tokens);
  fmt::print("without dropout {:.0f} tokens/s, with {} {:.0f} tokens/s: {:.1f} % more time\n",
             without, options.dropout, with, 100 * (without / with - 1));
  return {};
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  attune::Options options;
  CLI::App app{"What dropout costs a training pass with LoRA"};
  app.add_option("--model", options.model, "Folder of the base");
  app.add_option("--rank", options.rank)->check(CLI::Range(1, 4096));
  app.add_option("--dropout", options.dropout)->check(CLI::Range(0.0, 0.99));
  app.add_option("--tokens", options.tokens)->check(CLI::Range(128, 65536));
  app.add_option("--passes", options.passes)->check(CLI::Range(1, 10000));
  app.add_option("--threads", options.threads)->check(CLI::NonNegativeNumber);
  CLI11_PARSE(app, argc, argv);
  const auto done = attune::run(options);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message());
  return attune::exit_code(done.error());
}
