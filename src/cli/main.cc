// The program: picks the command, runs it, and turns its result into a message and an exit code.
#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/version.h"

int main(int argc, char** argv) {
  using namespace attune;
  CLI::App app(
      "Attune: turn examples into a language model that follows your format, and prove it.",
      "attune");
  app.set_version_flag("--version", std::string("attune ") + cli::kVersion);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 a required bar was not met, 2 bad input, 3 inconclusive, "
      "4 environment failure, 5 stopped by its budget.");
  cli::Body selected;
  cli::add_tune(app, selected);
  cli::add_data(app, selected);
  cli::add_eval(app, selected);
  cli::add_ledger(app, selected);
  cli::add_advise(app, selected);
  cli::add_chat(app, selected);
  cli::add_generate(app, selected);
  cli::add_score(app, selected);
  cli::add_pretrain(app, selected);
  cli::add_tokenize(app, selected);
  cli::add_tokenizer(app, selected);
  cli::add_files(app, selected);
  cli::add_jobs(app, selected);
  cli::add_models(app, selected);
  cli::add_serve(app, selected);
  cli::add_keys(app, selected);
  cli::add_worker(app, selected);
  cli::add_doctor(app, selected);
  cli::add_bench(app, selected);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const Result<int> result = selected();
  if (result) return *result;
  fmt::print(stderr, "attune: error: {}\n", result.error().message());
  return exit_code(result.error());
}
