// What the bench commands share: the shape, the threads and arithmetic, and how the machine is
// printed.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "base/result.h"
#include "bench/machine.h"
#include "cli/options.h"
#include "io/json.h"
#include "kernels/context.h"
#include "model/arch_spec.h"

namespace attune::cli {

struct BenchOptions {
  std::string shape = "qwen2.5-0.5b";
  std::string config;  // a config.json instead of a shape
  std::string dtype = "bf16";
  int threads = 0;
  bool json = false;

  // with_quantised: --dtype may also be int8 or nf4.
  void declare(CLI::App& command, bool with_quantised);
  std::string name() const { return config.empty() ? shape : config; }
  Result<model::ArchSpec> spec() const;
  Result<kernels::Context> context() const;
};

// "avx512, 2 threads, CPU brand"
std::string machine_text(const kernels::Context& context);
// isa, threads, cpu, and the rates where they were measured.
Json machine_json(const kernels::Context& context);
Json rates_json(const bench::MachineRates& rates);

}  // namespace attune::cli
