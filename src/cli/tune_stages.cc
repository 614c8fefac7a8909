// The stages of `attune tune` that do not care where the training runs.
#include <algorithm>
#include <ctime>
#include <filesystem>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "advise/verdict.h"
#include "cli/tune.h"
#include "cli/tune_prompts.h"
#include "data/duplicates.h"
#include "data/manifest.h"
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

// No row of a frozen test may be trained on, nor decide when training stops.
Result<void> keep_frozen(const std::vector<data::Example>& examples, const data::Split& split,
                         const TuneOptions& options) {
  std::vector<std::string> manifests = options.frozen_tests;
  const Path beside = Path(options.data.file).parent_path() / data::kManifestName;
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) manifests.push_back(beside.string());
  std::vector<std::int64_t> rows = split.train;
  rows.insert(rows.end(), split.validation.begin(), split.validation.end());
  for (const std::string& path : manifests) {
    ATTUNE_TRY(const data::TestManifest manifest, data::read_manifest(path));
    ATTUNE_TRY_VOID(data::refuse_frozen(examples, rows, manifest, path));
  }
  return {};
}

// Where rows name their parts, those are obeyed; else near questions stay on one side too.
std::vector<data::NearPair> rows_to_keep_together(const std::vector<data::Example>& examples,
                                                  const TuneOptions& options) {
  const bool named = std::any_of(examples.begin(), examples.end(),
                                 [](const data::Example& e) { return !e.split.empty(); });
  if (named) return {};
  ThreadPool pool(options.model.threads);
  return data::alike_questions(examples, data::DuplicateOptions{}.question_threshold, pool);
}

// With the model stays what it was measured on, so that no later model is trained on it.
Result<void> write_parts(const std::vector<data::Example>& examples, const data::Split& split,
                         const Path& out) {
  ATTUNE_TRY_VOID(write_part(examples, split.train, out / "train.jsonl"));
  ATTUNE_TRY_VOID(write_part(examples, split.validation, out / "validation.jsonl"));
  ATTUNE_TRY_VOID(write_part(examples, split.test, out / "test.jsonl"));
  return data::write_manifest(data::freeze(examples, split), out / data::kManifestName);
}

std::string now_utc() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace

Result<data::Split> divide_rows(const std::vector<data::Example>& examples,
                                const TuneOptions& options) {
  data::SplitOptions split_options;
  split_options.most_train_rows = options.most_train_rows;
  split_options.seed = options.train.seed;
  const std::vector<data::NearPair> together = rows_to_keep_together(examples, options);
  split_options.alike = together;
  ATTUNE_TRY(data::Split split, data::split_examples(examples, split_options));
  ATTUNE_TRY_VOID(keep_frozen(examples, split, options));
  if (split.train.empty() || split.test.empty()) {
    return bad_input({.where = options.data.file,
                      .found = fmt::format("{} training and {} test rows", split.train.size(),
                                           split.test.size()),
                      .wanted = "rows for both",
                      .fix = "give more examples"});
  }
  return split;
}

Result<PreparedRows> prepare_rows(const TuneOptions& options,
                                  const std::optional<grammar::Contract>& contract) {
  PreparedRows rows;
  data::PrepareOptions preparing = options.data.prepare_options(contract);
  preparing.read.supervised_only = true;
  ATTUNE_TRY(preparing.synthetic, options.data.load_marks());
  ATTUNE_TRY(rows.prepared, data::prepare(options.data.file, preparing));
  ATTUNE_TRY_VOID(ensure_directory(options.out));
  ATTUNE_TRY_VOID(data::write_prepared(rows.prepared, options.out));
  ATTUNE_TRY(rows.split, divide_rows(rows.prepared.examples, options));
  ATTUNE_TRY_VOID(write_parts(rows.prepared.examples, rows.split, options.out));
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
