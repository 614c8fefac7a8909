// The commands below `attune bench`.
#pragma once

#include "cli/command.h"

namespace attune::cli {

void add_bench_train(CLI::App& bench, Body& selected);
void add_bench_generate(CLI::App& bench, Body& selected);

}  // namespace attune::cli
