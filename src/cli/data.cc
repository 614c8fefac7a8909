// attune data prepare: raw examples to strict chat rows and a report, without training.
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "data/prepare.h"
#include "grammar/contract.h"

namespace attune::cli {

namespace {

struct PrepareCommand {
  std::string file, out, map, contract, format = "auto";
  bool json = false;
};

Result<int> prepare(const PrepareCommand& options) {
  std::optional<grammar::Contract> contract;
  data::PrepareOptions prepare;
  prepare.read.map = options.map;
  prepare.read.format = data::format_from_name(options.format).value_or(data::Format::automatic);
  if (!options.contract.empty()) {
    ATTUNE_TRY(contract, grammar::Contract::load(options.contract));
    prepare.contract = [&contract](std::string_view answer) -> std::optional<std::string> {
      const grammar::Compliance compliance = contract->check(answer);
      if (compliance.ok) return std::nullopt;
      return compliance.violations.empty() ? "a forbidden term"
                                           : compliance.violations.front().message();
    };
  }
  ATTUNE_TRY_VOID(ensure_directory(options.out));
  ATTUNE_TRY(const data::Prepared prepared, data::prepare(options.file, prepare));
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
  command->add_option("file", options->file, "Examples: CSV, JSON or JSONL")->required();
  command->add_option("--out", options->out, "Folder for data.jsonl and data_report.json")
      ->required();
  command->add_option("--map", options->map,
                      "Which columns make a conversation: user=body,assistant=answer");
  command->add_option("--contract", options->contract, "JSON Schema that every answer must keep");
  command->add_option("--format", options->format, "auto, csv, json or jsonl")
      ->check(CLI::IsMember({"auto", "csv", "json", "jsonl"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print the report as one JSON object");
  command->callback([options, &selected] { selected = [options] { return prepare(*options); }; });
}

}  // namespace attune::cli
