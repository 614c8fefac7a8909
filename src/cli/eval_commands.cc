// attune eval: the evidence.
#include "cli/eval.h"

namespace attune::cli {

void add_eval(CLI::App& app, Body& selected) {
  CLI::App* group = app.add_subcommand("eval", "Measure models and prompts on held-out items")
                        ->require_subcommand(1);
  add_eval_run(*group, selected);
  add_eval_compare(*group, selected);
  add_eval_verify(*group, selected);
  add_eval_curve(*group, selected);
  add_eval_explain(*group, selected);
}

}  // namespace attune::cli
