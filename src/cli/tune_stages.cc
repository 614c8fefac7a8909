// The stages of `attune tune` that do not care where the training runs.
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "advise/verdict.h"
#include "cli/tune.h"
#include "cli/tune_prompts.h"
#include "eval/table.h"

namespace attune::cli {

namespace {

Result<void> write_part(const std::vector<data::Example>& examples,
                        const std::vector<std::int64_t>& rows, const Path& path) {
  std::string text;
  for (const std::int64_t row : rows) {
    text += data::strict_row(examples[static_cast<std::size_t>(row)]) + "\n";
  }
  return write_file_atomic(path, text);
}

Result<data::Split> split_rows(const std::vector<data::Example>& examples,
                               const TuneOptions& options) {
  data::SplitOptions split_options;
  split_options.most_train_rows = options.most_train_rows;
  split_options.seed = options.train.seed;
  ATTUNE_TRY(data::Split split, data::split_examples(examples, split_options));
  if (split.train.empty() || split.test.empty()) {
    return bad_input({.where = options.data.file,
                      .found = fmt::format("{} training and {} test rows", split.train.size(),
                                           split.test.size()),
                      .wanted = "rows for both",
                      .fix = "give more examples"});
  }
  const Path out = options.out;
  ATTUNE_TRY_VOID(write_part(examples, split.train, out / "train.jsonl"));
  ATTUNE_TRY_VOID(write_part(examples, split.validation, out / "validation.jsonl"));
  ATTUNE_TRY_VOID(write_part(examples, split.test, out / "test.jsonl"));
  return split;
}

std::string now_utc() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace

Result<PreparedRows> prepare_rows(const TuneOptions& options,
                                  const std::optional<grammar::Contract>& contract) {
  PreparedRows rows;
  ATTUNE_TRY(rows.prepared,
             data::prepare(options.data.file, options.data.prepare_options(contract)));
  ATTUNE_TRY_VOID(ensure_directory(options.out));
  ATTUNE_TRY_VOID(data::write_prepared(rows.prepared, options.out));
  ATTUNE_TRY(rows.split, split_rows(rows.prepared.examples, options));
  if (!options.json) {
    fmt::print("{}\ntrain {}, validation {}, test {} rows\n", data::summary(rows.prepared.report),
               rows.split.train.size(), rows.split.validation.size(), rows.split.test.size());
  }
  return rows;
}

Result<int> conclude(const PreparedRows& rows, const std::optional<grammar::Contract>& contract,
                     const Evidence& evidence, const TuneOptions& options) {
  eval::CompareOptions compare_options;
  compare_options.contract = contract ? &*contract : nullptr;
  ATTUNE_TRY(const eval::Comparison comparison,
             eval::compare(test_items(rows.prepared.examples, rows.split), evidence.arms,
                           compare_options));
  advise::Requirements requirements;
  if (options.require_format > 0) requirements.format_compliance = options.require_format;
  if (options.require_accuracy > 0) requirements.domain_accuracy = options.require_accuracy;
  const eval::Verdict verdict = advise::decide(comparison, requirements);
  const eval::ReportInput input{.title = Path(options.data.file).filename().string(),
                                .created = now_utc(),
                                .comparison = comparison,
                                .verdict = verdict,
                                .training = evidence.training,
                                .data = data::to_json(rows.prepared.report),
                                .model = evidence.model};
  ATTUNE_TRY_VOID(eval::write_report(options.out, input));
  if (options.json) {
    fmt::print("{}\n", to_text(eval::report_json(input)));
  } else {
    fmt::print("\n{}\n{}\n", eval::comparison_table(comparison), eval::verdict_text(verdict));
    fmt::print("report: {}/report.html and report.json\n{}\n", options.out, evidence.next);
  }
  return verdict.exit_code;
}

}  // namespace attune::cli
