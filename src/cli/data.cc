// attune data prepare: raw examples to strict chat rows and a report, without training.
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/data_commands.h"
#include "cli/data_options.h"
#include "cli/pii_options.h"

namespace attune::cli {

namespace {

struct PrepareCommand {
  DataOptions data;
  PiiOptions pii;
  std::string out;
  bool json = false;
};

Result<int> prepare(const PrepareCommand& options) {
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, options.data.load_contract());
  ATTUNE_TRY(const data::PiiScanner scanner, options.pii.scanner());
  data::PrepareOptions preparing = options.data.prepare_options(contract);
  ATTUNE_TRY(preparing.synthetic, options.data.load_marks());
  preparing.pii = &scanner;
  preparing.pii_policy = options.pii.chosen();
  ATTUNE_TRY(const data::Prepared prepared, data::prepare(options.data.file, preparing));
  ATTUNE_TRY_VOID(ensure_directory(options.out));
  ATTUNE_TRY_VOID(data::write_prepared(prepared, options.out));
  if (options.json) {
    fmt::print("{}\n", to_text(data::to_json(prepared.report)));
  } else {
    fmt::print("{}\n{}/data.jsonl and data_report.json\n", data::summary(prepared.report),
               options.out);
  }
  return 0;
}

}  // namespace

void add_data(CLI::App& app, Body& selected) {
  auto options = std::make_shared<PrepareCommand>();
  CLI::App* group = app.add_subcommand("data", "Prepare training data")->require_subcommand(1);
  CLI::App* command =
      group->add_subcommand("prepare", "Raw examples to strict chat rows and a report");
  options->data.declare(*command);
  options->pii.declare(*command);
  command->add_option("--out", options->out, "Folder for data.jsonl and data_report.json")
      ->required();
  command->add_flag("--json", options->json, "Print the report as one JSON object");
  command->callback([options, &selected] { selected = [options] { return prepare(*options); }; });
  add_data_check(*group, selected);
  add_data_convert(*group, selected);
  add_data_dedup(*group, selected);
  add_data_plan(*group, selected);
  add_data_from_openai(*group, selected);
  add_data_generate(*group, selected);
  add_data_select(*group, selected);
  add_data_split(*group, selected);
  add_data_suspects(*group, selected);
}

}  // namespace attune::cli
