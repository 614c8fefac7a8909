#include "cli/bench_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bench/shapes.h"

namespace attune::cli {

void BenchOptions::declare(CLI::App& command, bool with_quantised) {
  CLI::Option* named = command
                           .add_option("--shape", shape,
                                       fmt::format("Sizes of a known model: {}",
                                                   fmt::join(bench::shape_names(), ", ")))
                           ->capture_default_str();
  command.add_option("--config", config, "config.json of any other model, instead of --shape")
      ->excludes(named);
  declare_dtype(command, dtype, with_quantised);
  command.add_option("--threads", threads, "Worker threads; 0 takes every CPU")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_flag("--json", json, "Print one JSON object");
}

Result<model::ArchSpec> BenchOptions::spec() const {
  if (config.empty()) return bench::named_shape(shape);
  ATTUNE_TRY(const Json parsed, read_json(config));
  return model::parse_arch_spec(parsed, config);
}

Result<kernels::Context> BenchOptions::context() const {
  ATTUNE_TRY(const Isa isa, pick_isa());
  return kernels::Context(isa, threads);
}

std::string machine_text(const kernels::Context& context) {
  return fmt::format("{}, {} threads, {}", isa_name(context.ops().isa), context.pool().threads(),
                     cpu_features().brand);
}

Json machine_json(const kernels::Context& context) {
  return {{"isa", isa_name(context.ops().isa)},
          {"threads", context.pool().threads()},
          {"cpu", cpu_features().brand}};
}

Json rates_json(const bench::MachineRates& rates) {
  return {{"bf16_peak_tflops", rates.bf16_peak / 1e12},
          {"f32_peak_tflops", rates.f32_peak / 1e12},
          {"read_gb_per_s", rates.read_bandwidth / 1e9}};
}

}  // namespace attune::cli
