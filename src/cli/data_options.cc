#include "cli/data_options.h"

namespace attune::cli {

void DataOptions::declare(CLI::App& command) {
  declare_reading(command);
  command.add_flag("--keep-contract-breakers", keep_breakers,
                   "Keep rows whose answer breaks the contract; they are dropped otherwise");
}

void DataOptions::declare_reading(CLI::App& command) {
  declare_file(command);
  command.add_option("--contract", contract, "JSON Schema that every answer must keep");
}

void DataOptions::declare_file(CLI::App& command) {
  command.add_option("file", file, "Examples: CSV, JSON or JSONL")->required();
  command.add_option("--map", map, "Which columns make a conversation: user=body,assistant=answer");
  command.add_option("--format", format, "auto, csv, json or jsonl")
      ->check(CLI::IsMember({"auto", "csv", "json", "jsonl"}))
      ->capture_default_str();
}

Result<std::optional<grammar::Contract>> DataOptions::load_contract() const {
  if (contract.empty()) return std::optional<grammar::Contract>();
  ATTUNE_TRY(grammar::Contract loaded, grammar::Contract::load(contract));
  return std::optional<grammar::Contract>(std::move(loaded));
}

data::PrepareOptions DataOptions::prepare_options(
    const std::optional<grammar::Contract>& loaded) const {
  data::PrepareOptions options;
  options.read.map = map;
  options.read.format = data::format_from_name(format).value_or(data::Format::automatic);
  options.drop_contract_breakers = !keep_breakers;
  if (!loaded) return options;
  options.contract = [&loaded](std::string_view answer) -> std::optional<std::string> {
    const grammar::Compliance compliance = loaded->check(answer);
    if (compliance.ok) return std::nullopt;
    return compliance.violations.empty() ? "a forbidden term"
                                         : compliance.violations.front().message();
  };
  return options;
}

}  // namespace attune::cli
