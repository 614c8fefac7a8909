// attune data check: everything that is wrong with a file of training examples, and with --fix a
// mended copy of it. Exit code 1 when there are errors.
#include <memory>

#include <fmt/format.h>

#include "cli/data_check_html.h"
#include "cli/data_commands.h"
#include "cli/data_options.h"
#include "cli/pii_options.h"
#include "cli/progress.h"
#include "cli/version.h"
#include "data/check.h"
#include "data/check_fix.h"
#include "data/check_page.h"
#include "data/training_text.h"
#include "io/sha256.h"

namespace attune::cli {

namespace {

struct CheckCommand {
  DataOptions data;
  PiiOptions pii;
  std::string sarif;
  std::string out;
  std::string html;
  std::string model;
  std::int64_t max_length = 0;
  std::vector<std::string> against;
  std::string time_column;
  std::int64_t examples = 3;
  bool duplicates = false;
  bool json = false;
  bool fix = false;
};

// Writes the mended copy, the log and the patch, and gives the report of the copy.
Result<data::CheckReport> fix(const CheckCommand& options, std::string_view text,
                              const std::string& source, const data::CheckOptions& checks,
                              std::vector<data::Mend>& mends) {
  ATTUNE_TRY(const data::FixedText fixed, data::fix_text(text, source, checks));
  mends = fixed.mends;
  if (mends.empty()) {
    if (!options.json) fmt::print("{}: nothing that --fix mends\n\n", source);
    return data::check_text(text, source, checks);
  }
  const Path file = data::name_without_compression(source);
  const Path folder = options.out.empty() ? file.parent_path() : Path(options.out);
  if (!options.out.empty()) ATTUNE_TRY_VOID(ensure_directory(folder));
  const std::string stem = file.stem().string();
  const Path mended = folder / (stem + ".fixed" + fixed.extension);
  const Path log = folder / (stem + ".fixes.jsonl");
  const Path patch = folder / (stem + ".fixes.patch");
  ATTUNE_TRY_VOID(write_file_atomic(mended, fixed.text));
  ATTUNE_TRY_VOID(write_file_atomic(log, data::mend_log(fixed.mends)));
  ATTUNE_TRY_VOID(write_file_atomic(patch, fixed.patch));
  if (!options.json) {
    fmt::print(
        "{}: {} mends\n  {}  the mended file\n  {}  each mend\n  {}  to go back: patch -R {} < "
        "{}\n\n",
        source, fixed.mends.size(), mended.string(), log.string(), patch.string(), mended.string(),
        patch.string());
  }
  return data::check_text(fixed.text, mended.string(), checks);
}

// What the base reads of a row: what was asked, else all of its context.
Result<std::int64_t> longest_row(const CheckCommand& options) {
  if (options.max_length > 0 || options.model.empty()) return options.max_length;
  ATTUNE_TRY(const Json config, read_json(Path(options.model) / "config.json"));
  const auto context = config.find("max_position_embeddings");
  const bool known = context != config.end() && context->is_number_integer();
  return known ? context->get<std::int64_t>() : std::int64_t{0};
}

// The files that this one is held against, with all their columns.
Result<std::vector<data::Dataset>> other_files(const CheckCommand& options,
                                               data::ReadOptions reading) {
  reading.keep_rest = true;
  std::vector<data::Dataset> files;
  for (const std::string& file : options.against) {
    ATTUNE_TRY(data::Dataset dataset, data::read_examples(file, reading));
    files.push_back(std::move(dataset));
  }
  return files;
}

// Follows the passes over a file: gives the pages back that were read, so that a file may be larger
// than the memory, and draws how far a pass over a large one has come.
class FileProgress {
 public:
  explicit FileProgress(const data::TrainingText& file)
      : file_(file), line_(file.text().size() >= kLarge) {}

  void show(std::string_view pass, std::size_t done) {
    file_.give_back(done);
    const std::size_t all = file_.text().size();
    if (line_.draws())
      line_.show(fmt::format("{} {}: {} of {}, {} %", pass, file_.name(),
                             bytes_text(static_cast<std::int64_t>(done)),
                             bytes_text(static_cast<std::int64_t>(all)), 100 * done / all));
  }

 private:
  static constexpr std::size_t kLarge = 100'000'000;  // bytes
  const data::TrainingText& file_;
  StatusLine line_;
};

Result<int> check(const CheckCommand& options) {
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, options.data.load_contract());
  ATTUNE_TRY(const data::PiiScanner scanner, options.pii.scanner());
  const data::PrepareOptions reading = options.data.prepare_options(contract);
  std::optional<text::ChatFormat> format;
  if (!options.model.empty()) {
    ATTUNE_TRY(format, text::ChatFormat::load(options.model));
  }
  ATTUNE_TRY(const std::int64_t longest, longest_row(options));
  data::CheckOptions checks;
  checks.read = reading.read;
  ATTUNE_TRY(checks.mapping, data::described_mapping(options.data.file, reading.read));
  ATTUNE_TRY(checks.synthetic, options.data.load_marks());
  checks.contract = reading.contract;
  checks.contract_name = Path(options.data.contract).filename().string();
  checks.pii = &scanner;
  checks.pii_policy = options.pii.chosen();
  checks.format = format ? &*format : nullptr;
  checks.longest = longest;
  checks.time_column = options.time_column;
  if (format) {
    ATTUNE_TRY(const std::string tokenizer, read_file(Path(options.model) / "tokenizer.json"));
    checks.tokenizer_fingerprint = sha256(tokenizer);
  }
  checks.near_duplicates = options.duplicates;
  checks.samples = !options.html.empty();
  ATTUNE_TRY(const std::vector<data::Dataset> against, other_files(options, reading.read));
  checks.against = against;
  ATTUNE_TRY(const data::TrainingText file, data::TrainingText::open(options.data.file));
  std::vector<data::Mend> mends;
  const auto checked = [&]() -> Result<data::CheckReport> {
    if (options.fix) return fix(options, file.text(), file.name(), checks, mends);
    FileProgress progress(file);
    checks.passed = [&](std::string_view pass, std::size_t done) { progress.show(pass, done); };
    return data::check_training_text(file, checks);
  };
  ATTUNE_TRY(const data::CheckReport report, checked());
  if (!options.sarif.empty()) {
    ATTUNE_TRY_VOID(write_file_atomic(options.sarif,
                                      to_pretty_text(data::check_report_sarif(report, kVersion))));
  }
  if (!options.html.empty())
    ATTUNE_TRY_VOID(write_file_atomic(options.html, check_html(report, mends)));
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
  options->pii.declare(*command);
  CLI::Option* const model = command->add_option(
      "--model", options->model, "Base whose template and vocabulary count the tokens of each row");
  command
      ->add_option("--max-length", options->max_length,
                   "Tokens that training reads of a row; the base's context otherwise")
      ->check(CLI::PositiveNumber)
      ->needs(model);
  CLI::Option* const mend = command->add_flag(
      "--fix", options->fix,
      "Also write FILE.fixed.jsonl with all safe mends, a log of them and a patch to go back");
  command
      ->add_option("--out", options->out, "Folder for what --fix writes; the file's own otherwise")
      ->needs(mend);
  command->add_option("--examples", options->examples, "How many findings of a kind are shown")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}))
      ->capture_default_str();
  command
      ->add_option(
          "--against", options->against,
          "A test or validation file: rows that ask what it asks are errors. May be repeated")
      ->allow_extra_args(false);
  command->add_option("--time-column", options->time_column,
                      "When a row is from: training rows younger than the test are told");
  command->add_flag("--duplicates", options->duplicates,
                    "Look for near copies in files of more than 10,000 rows or 8 MB too");
  command->add_option("--sarif", options->sarif, "Also write the findings to this file as SARIF");
  command->add_option("--html", options->html,
                      "Also write a page that needs nothing else to this file");
  command->add_flag("--json", options->json, "Print all findings as one JSON object");
  command->callback([options, &selected] { selected = [options] { return check(*options); }; });
}

}  // namespace attune::cli
