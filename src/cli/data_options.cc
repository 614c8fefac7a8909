#include "cli/data_options.h"

namespace attune::cli {

void DataOptions::declare(CLI::App& command) {
  declare_reading(command);
  declare_normalisers(command);
  command.add_flag("--keep-contract-breakers", keep_breakers,
                   "Keep rows whose answer breaks the contract; they are dropped otherwise");
}

void DataOptions::declare_reading(CLI::App& command) {
  declare_file(command);
  command.add_option("--contract", contract, "JSON Schema that every answer must keep");
  declare_synthetic(command);
}

void DataOptions::declare_synthetic(CLI::App& command) {
  command
      .add_option("--synthetic", synthetic,
                  "synthetic.json that tells which rows a model wrote; one beside the file "
                  "counts by itself")
      ->allow_extra_args(false);  // the data's file may follow
}

void DataOptions::declare_file(CLI::App& command) {
  command
      .add_option("file", file,
                  "Examples: CSV, TSV, JSON, JSONL or text, also as .gz or .zst; - reads standard "
                  "input")
      ->required();
  command.add_option("--map", map, "Which columns make a conversation: user=body,assistant=answer");
  command
      .add_option(
          "--format", format,
          "auto, csv, tsv, json, jsonl, lines, or a row format of `attune data formats`, or "
          "both: tsv,alpaca")
      ->check([](const std::string& value) {
        data::ReadOptions unused;
        const Result<void> good = data::set_format(unused, value);
        return good ? std::string() : good.error().message();
      })
      ->capture_default_str();
  command.add_option("--dataset", dataset,
                     "The entry of the dataset_info.json beside the file that describes it");
  command.add_flag("--allow-mixed", allow_mixed, "Read rows of several formats in one file");
}

void DataOptions::declare_normalisers(CLI::App& command) {
  command
      .add_option(
          "--normalise", normalise,
          "Repairs to switch on, or off with no-: smart_quotes,no-unicode_nfc; `attune data "
          "formats` lists them")
      ->check([](const std::string& value) {
        const Result<data::NormaliserSet> set = data::NormaliserSet::parse(value);
        return set ? std::string() : set.error().message();
      });
  command
      .add_option("--system", system,
                  "System messages: keep, drop, user (move to the question), or replace:TEXT")
      ->check([](const std::string& value) {
        const bool known =
            value == "keep" || value == "drop" || value == "user" || value.starts_with("replace:");
        return known ? std::string() : std::string("wanted keep, drop, user or replace:TEXT");
      })
      ->capture_default_str();
}

data::ReadOptions DataOptions::read_options() const {
  data::ReadOptions read;
  // The options' own checks have refused what cannot be parsed.
  if (!data::set_format(read, format)) read = {};
  read.map = map;
  read.dataset = dataset;
  read.allow_mixed = allow_mixed;
  return read;
}

data::NormaliseOptions DataOptions::normalise_options() const {
  constexpr std::string_view kReplace = "replace:";
  data::NormaliseOptions options;
  options.rules = data::NormaliserSet::parse(normalise).value_or(data::NormaliserSet());
  if (system == "drop") options.system = data::SystemMessages::drop;
  if (system == "user") options.system = data::SystemMessages::into_user;
  if (system.starts_with(kReplace)) {
    options.system = data::SystemMessages::replace;
    options.system_text = system.substr(kReplace.size());
  }
  return options;
}

Result<std::optional<data::SyntheticMarks>> DataOptions::load_marks() const {
  std::vector<std::string> paths = synthetic;
  const Path beside = Path(file).parent_path() / data::kSyntheticName;
  std::error_code ignored;
  if (file != "-" && std::filesystem::exists(beside, ignored)) paths.push_back(beside.string());
  if (paths.empty()) return std::optional<data::SyntheticMarks>();
  data::SyntheticMarks marks;
  for (const std::string& path : paths) ATTUNE_TRY_VOID(marks.load(path));
  return std::optional<data::SyntheticMarks>(std::move(marks));
}

Result<std::optional<grammar::Contract>> DataOptions::load_contract() const {
  if (contract.empty()) return std::optional<grammar::Contract>();
  ATTUNE_TRY(grammar::Contract loaded, grammar::Contract::load(contract));
  return std::optional<grammar::Contract>(std::move(loaded));
}

data::PrepareOptions DataOptions::prepare_options(
    const std::optional<grammar::Contract>& loaded) const {
  data::PrepareOptions options;
  options.read = read_options();
  options.normalise = normalise_options();
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
