// The commands below `attune data`, each in its own file; data.cc makes the group.
#pragma once

#include "cli/command.h"

namespace attune::cli {

void add_data_check(CLI::App& group, Body& selected);
void add_data_convert(CLI::App& group, Body& selected);
void add_data_dedup(CLI::App& group, Body& selected);
void add_data_plan(CLI::App& group, Body& selected);
void add_data_from_openai(CLI::App& group, Body& selected);
void add_data_generate(CLI::App& group, Body& selected);
void add_data_select(CLI::App& group, Body& selected);
void add_data_split(CLI::App& group, Body& selected);
void add_data_suspects(CLI::App& group, Body& selected);

}  // namespace attune::cli
