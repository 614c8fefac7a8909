// attune bench train: whole training steps on random weights of a known shape.
#include <memory>

#include <fmt/format.h>

#include "bench/train_speed.h"
#include "cli/bench_commands.h"
#include "cli/bench_options.h"
#include "cli/progress.h"
#include "train/estimate.h"
#include "train/machine_peak.h"

namespace attune::cli {

namespace {

struct BenchTrainOptions : BenchOptions {
  bench::TrainSpeedOptions train;
  std::string recompute = "auto";
};

struct MeasuredSteps {
  bench::MachineRates rates;
  double kernel_peak = 0;  // of the product kernel on operands in cache
  bench::TrainSpeed speed;
  std::int64_t peak_bytes = 0;
};

Json report_json(const BenchTrainOptions& options, const kernels::Context& context,
                 const bench::TrainTask& task, const MeasuredSteps& m, double peak) {
  Json report = machine_json(context);
  report.update(rates_json(m.rates));
  report.update(Json{{"shape", options.name()},
                     {"dtype", options.dtype},
                     {"tokens", options.train.tokens},
                     {"documents", options.train.documents},
                     {"rank", options.train.all_weights ? 0 : options.train.rank},
                     {"trains", options.train.all_weights ? "all weights" : "adapter"},
                     {"step_seconds", m.speed.step_seconds},
                     {"tokens_per_s", m.speed.tokens_per_second},
                     {"model_tflop_per_step", m.speed.model_flops / 1e12},
                     {"model_tflops", m.speed.flops_per_second / 1e12},
                     {"peak_tflops", peak / 1e12},
                     {"fraction_of_peak", m.speed.flops_per_second / peak},
                     {"kernel_peak_tflops", m.kernel_peak / 1e12},
                     {"first_loss", m.speed.first_loss},
                     {"last_loss", m.speed.last_loss},
                     {"recompute", model::recompute_name(task.recompute())},
                     {"recompute_share", task.recompute_share()},
                     {"peak_bytes", m.peak_bytes},
                     {"bytes",
                      {{"weights", task.bytes().weights},
                       {"gradients", task.bytes().gradients},
                       {"optimizer", task.bytes().optimizer},
                       {"workspace", task.bytes().workspace}}},
                     {"available_bytes", task.available_bytes()}});
  return report;
}

void print_plan(const BenchTrainOptions& options, const kernels::Context& context,
                const bench::TrainTask& task) {
  const bench::TrainBytes& bytes = task.bytes();
  fmt::print("{}\n", machine_text(context));
  fmt::print("{}, {}, {} tokens in {} documents, {}\n", options.name(), options.dtype,
             options.train.tokens, options.train.documents,
             options.train.all_weights ? "all weights"
                                       : fmt::format("LoRA of rank {}", options.train.rank));
  fmt::print("memory: weights {}, gradients {}, optimiser {}, activations {}; {} free\n",
             bytes_text(bytes.weights), bytes_text(bytes.gradients), bytes_text(bytes.optimizer),
             bytes_text(bytes.workspace), bytes_text(task.available_bytes()));
  fmt::print("recompute {}: {}\n", model::recompute_name(task.recompute()),
             train::recompute_text(task.recompute(), task.recompute_share()));
  std::fflush(stdout);
}

void print_speed(const MeasuredSteps& m, double peak) {
  fmt::print(
      "{:.1f} tokens/s: {:.3f} of {:.3f} TFLOP/s, {:.1f} % of the peak ({:.1f} % of what the "
      "product kernel reaches in cache)\n",
      m.speed.tokens_per_second, m.speed.flops_per_second / 1e12, peak / 1e12,
      100 * m.speed.flops_per_second / peak, 100 * m.speed.flops_per_second / m.kernel_peak);
  fmt::print("memory at most {}; loss {:.3f}, then {:.3f}\n", bytes_text(m.peak_bytes),
             m.speed.first_loss, m.speed.last_loss);
}

Result<int> run(BenchTrainOptions options) {
  ATTUNE_TRY(const model::ArchSpec spec, options.spec());
  ATTUNE_TRY(options.train.precision, parse_precision(options.dtype));
  if (options.recompute != "auto") {
    ATTUNE_TRY(options.train.recompute, model::parse_recompute(options.recompute));
  }
  ATTUNE_TRY(bench::TrainTask task, bench::TrainTask::prepare(spec, options.train));
  ATTUNE_TRY(const kernels::Context context, options.context());
  const kernels::GemmMath math = model::math_of(options.train.precision);
  if (!options.json) print_plan(options, context, task);
  MeasuredSteps m;
  m.speed = task.measure(context, [&](std::int64_t step, double seconds) {
    if (options.json) return;
    fmt::print("step {}: {:.3f} s\n", step, seconds);
    std::fflush(stdout);
  });
  m.peak_bytes = bench::peak_memory_bytes();  // before the rates take memory of their own
  m.rates = bench::measure_machine(context);
  m.kernel_peak = train::measure_machine_peak(context, math);
  const double peak = m.rates.peak(math);
  if (options.json) {
    fmt::print("{}\n", to_text(report_json(options, context, task, m, peak)));
  } else {
    print_speed(m, peak);
  }
  return 0;
}

}  // namespace

void add_bench_train(CLI::App& bench, Body& selected) {
  auto options = std::make_shared<BenchTrainOptions>();
  bench::TrainSpeedOptions& t = options->train;
  CLI::App* c = bench.add_subcommand(
      "train", "Whole training steps on random weights, the loss on every token");
  options->declare(*c, true);
  c->add_option("--tokens", t.tokens, "Tokens of a step, in one packed micro-batch")
      ->check(CLI::Range(2, 1 << 24))
      ->capture_default_str();
  c->add_option("--documents", t.documents, "Documents that they are divided into")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI::Option* rank = c->add_option("--rank", t.rank, "Rank of the adapter on all linear layers")
                          ->check(CLI::Range(1, 4096))
                          ->capture_default_str();
  c->add_flag("--full", t.all_weights, "Train all weights instead of an adapter")->excludes(rank);
  c->add_option("--steps", t.steps, "Timed steps, after one that is not")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  c->add_option("--recompute", options->recompute,
                "What backward computes again to save memory; auto: the fastest that fits")
      ->check(CLI::IsMember({"auto", "nothing", "elementwise", "mlp", "block"}))
      ->capture_default_str();
  c->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace attune::cli
