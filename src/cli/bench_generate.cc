// attune bench generate: a prompt and the tokens after it, on random weights of a known shape.
#include <memory>

#include <fmt/format.h>

#include "bench/generate_speed.h"
#include "cli/bench_commands.h"
#include "cli/bench_options.h"
#include "cli/progress.h"

namespace attune::cli {

namespace {

struct BenchGenerateOptions : BenchOptions {
  bench::GenerateSpeedOptions generate;
};

Result<int> run(BenchGenerateOptions options) {
  ATTUNE_TRY(const model::ArchSpec spec, options.spec());
  ATTUNE_TRY(options.generate.precision, parse_precision(options.dtype));
  ATTUNE_TRY(const kernels::Context context, options.context());
  ATTUNE_TRY(const bench::GenerateSpeed speed,
             bench::measure_generation(context, spec, options.generate));
  const std::int64_t peak_bytes = bench::peak_memory_bytes();
  const bench::MachineRates rates = bench::measure_machine(context);
  const double peak = rates.peak(model::math_of(options.generate.precision));
  const double of_peak = speed.prefill_flops_per_second / peak;
  const double read = speed.bytes_a_token * speed.decode_tokens_per_second;
  const double of_bandwidth = read / rates.read_bandwidth;
  if (!options.json) {
    fmt::print("{}\n{}, {}, a prompt of {} tokens and {} after it\n", machine_text(context),
               options.name(), options.dtype, options.generate.prompt, options.generate.tokens);
    fmt::print("prompt: {:.1f} tokens/s, {:.1f} % of the peak of {:.3f} TFLOP/s\n",
               speed.prefill_tokens_per_second, 100 * of_peak, peak / 1e12);
    fmt::print(
        "generation: {:.1f} tokens/s; reads {:.1f} GB/s, {:.1f} % of the memory's {:.1f} GB/s\n",
        speed.decode_tokens_per_second, read / 1e9, 100 * of_bandwidth, rates.read_bandwidth / 1e9);
    fmt::print("memory at most {}\n", bytes_text(peak_bytes));
    return 0;
  }
  Json report = machine_json(context);
  report.update(rates_json(rates));
  report.update(Json{{"shape", options.name()},
                     {"dtype", options.dtype},
                     {"prompt", options.generate.prompt},
                     {"tokens", options.generate.tokens},
                     {"prefill_tokens_per_s", speed.prefill_tokens_per_second},
                     {"prefill_tflops", speed.prefill_flops_per_second / 1e12},
                     {"peak_tflops", peak / 1e12},
                     {"prefill_fraction_of_peak", of_peak},
                     {"decode_tokens_per_s", speed.decode_tokens_per_second},
                     {"decode_bytes_per_token", speed.bytes_a_token},
                     {"decode_fraction_of_bandwidth", of_bandwidth},
                     {"peak_bytes", peak_bytes}});
  fmt::print("{}\n", to_text(report));
  return 0;
}

}  // namespace

void add_bench_generate(CLI::App& bench, Body& selected) {
  auto options = std::make_shared<BenchGenerateOptions>();
  bench::GenerateSpeedOptions& g = options->generate;
  CLI::App* c = bench.add_subcommand(
      "generate", "A prompt computed at once and the tokens after it, one by one");
  options->declare(*c, true);
  c->add_option("--prompt", g.prompt, "Tokens of the prompt")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  c->add_option("--tokens", g.tokens, "Tokens generated after it")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  c->add_option("--repeats", g.repeats, "Times the whole is measured, after one that is not")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  c->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace attune::cli
