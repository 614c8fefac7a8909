// How a command plugs into the program. Each add_<name>() declares its options on the parser and,
// when the user chose it, leaves its body in `selected`. A body returns the exit code: 0 done, 1
// gate failed, 3 inconclusive; an Error becomes 2 (bad input) or 4 (environment).
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "base/result.h"

namespace attune::cli {

using Body = std::function<Result<int>()>;

void add_tune(CLI::App& app, Body& selected);
void add_pretrain(CLI::App& app, Body& selected);
void add_data(CLI::App& app, Body& selected);
void add_eval(CLI::App& app, Body& selected);
void add_ledger(CLI::App& app, Body& selected);
void add_generate(CLI::App& app, Body& selected);
void add_chat(CLI::App& app, Body& selected);
void add_score(CLI::App& app, Body& selected);
void add_tokenize(CLI::App& app, Body& selected);
void add_tokenizer(CLI::App& app, Body& selected);
void add_files(CLI::App& app, Body& selected);
void add_jobs(CLI::App& app, Body& selected);
void add_models(CLI::App& app, Body& selected);
void add_serve(CLI::App& app, Body& selected);
void add_keys(CLI::App& app, Body& selected);
void add_worker(CLI::App& app, Body& selected);
void add_doctor(CLI::App& app, Body& selected);
void add_advise(CLI::App& app, Body& selected);
void add_bench(CLI::App& app, Body& selected);

}  // namespace attune::cli
