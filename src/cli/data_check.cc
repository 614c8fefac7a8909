// attune data check: everything that is wrong with a file of training examples. Exit code 1 when
// there are errors.
#include <memory>

#include <fmt/format.h>

#include "cli/data_commands.h"
#include "cli/data_options.h"
#include "cli/version.h"
#include "data/check.h"
#include "data/check_page.h"

namespace attune::cli {

namespace {

struct CheckCommand {
  DataOptions data;
  std::string sarif;
  std::int64_t examples = 3;
  bool json = false;
};

Result<int> check(const CheckCommand& options) {
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, options.data.load_contract());
  const data::PrepareOptions reading = options.data.prepare_options(contract);
  ATTUNE_TRY(const data::CheckReport report,
             data::check_file(options.data.file,
                              {.read = reading.read,
                               .contract = reading.contract,
                               .contract_name = Path(options.data.contract).filename().string()}));
  if (!options.sarif.empty()) {
    ATTUNE_TRY_VOID(write_file_atomic(options.sarif,
                                      to_pretty_text(data::check_report_sarif(report, kVersion))));
  }
  if (options.json) {
    fmt::print("{}\n", to_text(data::check_report_json(report)));
  } else {
    fmt::print("{}", data::check_page(report, options.examples));
  }
  return report.count(data::Severity::error) > 0 ? 1 : 0;
}

}  // namespace

void add_data_check(CLI::App& group, Body& selected) {
  auto options = std::make_shared<CheckCommand>();
  CLI::App* command =
      group.add_subcommand("check", "Everything that is wrong with a file of examples");
  options->data.declare_reading(*command);
  command->add_option("--examples", options->examples, "How many findings of a kind are shown")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}))
      ->capture_default_str();
  command->add_option("--sarif", options->sarif, "Also write the findings to this file as SARIF");
  command->add_flag("--json", options->json, "Print all findings as one JSON object");
  command->callback([options, &selected] { selected = [options] { return check(*options); }; });
}

}  // namespace attune::cli
