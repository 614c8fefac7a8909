// attune bench: what this machine reaches, kernel by kernel, and the commands below it.
#include <memory>

#include <fmt/format.h>

#include "bench/kernel_speed.h"
#include "bench/shapes.h"
#include "cli/bench_commands.h"
#include "cli/bench_options.h"
#include "cli/command.h"

namespace attune::cli {

namespace {

struct BenchKernelOptions : BenchOptions {
  bench::KernelSpeedOptions kernels;
};

// Part of the ceiling that bounds this kernel: the peak for products, the bandwidth for rows.
double fraction(const bench::KernelSpeed& speed, const bench::MachineRates& rates,
                kernels::GemmMath math) {
  return speed.flops > 0 ? speed.flops / speed.seconds / rates.peak(math)
                         : speed.bytes / speed.seconds / rates.read_bandwidth;
}

Json kernel_json(const bench::KernelSpeed& speed, double part) {
  Json row = {{"group", speed.group},
              {"name", speed.name},
              {"sizes", speed.sizes},
              {"milliseconds", 1e3 * speed.seconds}};
  if (speed.flops > 0) {
    row["tflops"] = speed.flops / speed.seconds / 1e12;
    row["fraction_of_peak"] = part;
  } else {
    row["gb_per_s"] = speed.bytes / speed.seconds / 1e9;
    row["fraction_of_bandwidth"] = part;
  }
  return row;
}

void print_kernel(const bench::KernelSpeed& speed, double part) {
  const bool product = speed.flops > 0;
  fmt::print("{:<16} {:<20} {:<34} {:9.3f} ms {:9.1f} {} {:5.1f} % of the {}\n", speed.group,
             speed.name, speed.sizes, 1e3 * speed.seconds,
             (product ? speed.flops : speed.bytes) / speed.seconds / 1e9,
             product ? "GFLOP/s" : "GB/s   ", 100 * part, product ? "peak" : "bandwidth");
  std::fflush(stdout);
}

Result<int> run(BenchKernelOptions options) {
  ATTUNE_TRY(const model::ArchSpec spec, options.spec());
  ATTUNE_TRY(const model::Precision precision, parse_precision(options.dtype));
  ATTUNE_TRY(const kernels::Context context, options.context());
  options.kernels.math = model::math_of(precision);
  const bench::MachineRates rates = bench::measure_machine(context);
  Json rows = Json::array();
  if (!options.json) {
    fmt::print("{}\npeak: bf16 {:.1f}, f32 {:.1f} GFLOP/s; memory read at {:.1f} GB/s\n",
               machine_text(context), rates.bf16_peak / 1e9, rates.f32_peak / 1e9,
               rates.read_bandwidth / 1e9);
    fmt::print("{}, {} tokens, {} products\n", options.name(), options.kernels.tokens,
               options.dtype);
  }
  bench::measure_kernels(context, spec, options.kernels, [&](const bench::KernelSpeed& speed) {
    const double part = fraction(speed, rates, options.kernels.math);
    if (options.json) {
      rows.push_back(kernel_json(speed, part));
    } else {
      print_kernel(speed, part);
    }
  });
  if (!options.json) return 0;
  Json report = machine_json(context);
  report.update(rates_json(rates));
  report["shape"] = options.name();
  report["dtype"] = options.dtype;
  report["tokens"] = options.kernels.tokens;
  report["kernels"] = std::move(rows);
  fmt::print("{}\n", to_text(report));
  return 0;
}

Result<int> print_shape(const std::string& name) {
  if (name.empty()) {
    for (const std::string& known : bench::shape_names()) {
      ATTUNE_TRY(const model::ArchSpec spec, bench::named_shape(known));
      fmt::print("{:<14} {:>6.0f} M parameters\n", known,
                 static_cast<double>(spec.parameters()) / 1e6);
    }
    return 0;
  }
  ATTUNE_TRY(const model::ArchSpec spec, bench::named_shape(name));
  fmt::print("{}\n", to_text(model::to_config(spec)));
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Body& selected) {
  auto options = std::make_shared<BenchKernelOptions>();
  CLI::App* command = app.add_subcommand(
      "bench", "Measure this machine: its peak, its memory, every kernel, whole steps");
  options->declare(*command, false);
  command->add_option("--tokens", options->kernels.tokens, "Rows of the products")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--documents", options->kernels.documents, "Documents that attention sees")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--rank", options->kernels.rank, "Rank of the adapter's products")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--seconds", options->kernels.seconds, "Time for each kernel")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  command->require_subcommand(0, 1);
  command->callback([options, command, &selected] {
    if (!command->get_subcommands().empty()) return;
    if (options->kernels.documents > options->kernels.tokens)
      throw CLI::ValidationError("--documents", "more documents than --tokens");
    selected = [options] { return run(*options); };
  });
  add_bench_train(*command, selected);
  add_bench_generate(*command, selected);
  auto name = std::make_shared<std::string>();
  CLI::App* shapes =
      command->add_subcommand("shapes", "List the known shapes, or print the config.json of one");
  shapes->add_option("shape", *name, "Print this one's config.json");
  shapes->callback([name, &selected] { selected = [name] { return print_shape(*name); }; });
}

}  // namespace attune::cli
