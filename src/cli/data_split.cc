// attune data split: train, validation and test files that share no question, and that stay as they
// are when rows are added.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "cli/data_commands.h"
#include "cli/data_options.h"
#include "data/duplicates.h"
#include "data/manifest.h"
#include "data/split.h"
#include "data/split_record.h"

namespace attune::cli {

namespace {

struct SplitCommand {
  DataOptions data;
  std::string out;
  double validation = 0.1, test = 0.2;
  std::optional<std::int64_t> validation_rows, test_rows;
  std::uint64_t seed = 0;
  double question_threshold = 0.8;
  bool by_template = false, freeze = false, json = false;
  int threads = 0;
};

// What stands in the folder from an earlier split.
struct Earlier {
  data::SplitRecord record;
  std::optional<data::TestManifest> frozen;
};

Result<Earlier> read_earlier(const Path& out) {
  Earlier earlier;
  std::error_code ignored;
  if (std::filesystem::exists(out / data::kSplitRecordName, ignored)) {
    ATTUNE_TRY(earlier.record, data::read_split_record(out / data::kSplitRecordName));
  }
  if (std::filesystem::exists(out / data::kManifestName, ignored)) {
    ATTUNE_TRY(earlier.frozen, data::read_manifest(out / data::kManifestName));
  }
  return earlier;
}

struct Outcome {
  data::Prepared prepared;
  data::Split split;
  std::int64_t known = 0;  // rows of an earlier split
  std::string root;        // of the frozen test; empty when there is none
};

std::vector<data::NearPair> alike_rows(const std::vector<data::Example>& examples,
                                       const SplitCommand& options) {
  ThreadPool pool(options.threads);
  if (!options.by_template)
    return data::alike_questions(examples, options.question_threshold, pool);
  data::DuplicateReport report =
      data::find_duplicates(examples, {.question_threshold = options.question_threshold}, pool);
  for (const data::DuplicateGroup& group : report.groups) {
    if (group.kind != data::Likeness::filling) continue;
    for (const std::int64_t row : group.rows)
      report.alike.push_back({group.rows.front(), row, 0.0});
  }
  return std::move(report.alike);
}

Result<Outcome> divide(const SplitCommand& options) {
  const Path out = options.out;
  ATTUNE_TRY(const Earlier earlier, read_earlier(out));
  Outcome outcome;
  data::PrepareOptions prepare = options.data.prepare_options(std::nullopt);
  ATTUNE_TRY(prepare.synthetic, options.data.load_marks());
  ATTUNE_TRY(outcome.prepared, data::prepare(options.data.file, prepare));
  const std::vector<data::Example>& examples = outcome.prepared.examples;
  const std::vector<data::NearPair> alike = alike_rows(examples, options);
  data::SplitOptions split;
  split.validation = options.validation;
  split.test = options.test;
  split.validation_rows = options.validation_rows;
  split.test_rows = options.test_rows;
  split.seed = options.seed;
  split.alike = alike;
  split.earlier = &earlier.record;
  split.test_is_frozen = earlier.frozen.has_value();
  ATTUNE_TRY(outcome.split, data::split_examples(examples, split));
  if (earlier.frozen)
    data::leave_out_frozen(examples, *earlier.frozen, earlier.record, outcome.split);
  for (const data::Example& example : examples)
    outcome.known += earlier.record.parts.contains(data::prompt_hash(example)) ? 1 : 0;
  ATTUNE_TRY_VOID(ensure_directory(out));
  if (earlier.frozen) {
    outcome.root = earlier.frozen->root;
  } else if (options.freeze) {
    const data::TestManifest manifest = data::freeze(examples, outcome.split);
    ATTUNE_TRY_VOID(data::write_manifest(manifest, out / data::kManifestName));
    outcome.root = manifest.root;
  }
  data::SplitRecord record = earlier.record;
  record.add(examples, outcome.split);
  ATTUNE_TRY_VOID(data::write_split_record(record, out / data::kSplitRecordName));
  return outcome;
}

// train.jsonl and its like for any trainer; data.jsonl for attune tune, each row with its part.
Result<void> write_files(const Outcome& outcome, const Path& out) {
  ATTUNE_TRY(AtomicFile all, AtomicFile::create(out / "data.jsonl"));
  const auto write = [&](const std::vector<std::int64_t>& rows, const char* name,
                         std::optional<data::Part> part) -> Result<void> {
    ATTUNE_TRY(AtomicFile file, AtomicFile::create(out / name));
    for (const std::int64_t row : rows) {
      const std::string text =
          data::strict_row(outcome.prepared.examples[static_cast<std::size_t>(row)]);
      ATTUNE_TRY_VOID(file.write(text + "\n"));
      if (!part) continue;
      ATTUNE_TRY_VOID(all.write(fmt::format(
          "{},\"split\":\"{}\"}}\n", text.substr(0, text.size() - 1), data::part_name(*part))));
    }
    return file.commit();
  };
  const data::Split& split = outcome.split;
  ATTUNE_TRY_VOID(write(split.train, "train.jsonl", data::Part::train));
  ATTUNE_TRY_VOID(write(split.validation, "validation.jsonl", data::Part::validation));
  ATTUNE_TRY_VOID(write(split.test, "test.jsonl", data::Part::test));
  ATTUNE_TRY_VOID(write(split.unused, "set_aside.jsonl", std::nullopt));
  if (outcome.prepared.synthetic.size() > 0)
    ATTUNE_TRY_VOID(outcome.prepared.synthetic.write(out / data::kSyntheticName));
  return all.commit();
}

Json to_json(const Outcome& outcome) {
  Json set_aside = Json::array();
  for (const data::Finding& finding : outcome.split.findings) {
    set_aside.push_back({{"rule", finding.rule},
                         {"where", finding.where},
                         {"row", finding.row},
                         {"found", finding.found}});
  }
  return {{"rows", outcome.prepared.examples.size()},
          {"unusable", outcome.prepared.report.rows_dropped()},
          {"known", outcome.known},
          {"train", outcome.split.train.size()},
          {"validation", outcome.split.validation.size()},
          {"test", outcome.split.test.size()},
          {"grouped_by", outcome.split.grouped_by},
          {"set_aside", std::move(set_aside)},
          {"frozen_test", outcome.root.empty() ? Json(nullptr) : Json(outcome.root)}};
}

Result<int> split(const SplitCommand& options) {
  ATTUNE_TRY(const Outcome outcome, divide(options));
  ATTUNE_TRY_VOID(write_files(outcome, options.out));
  if (options.json) {
    fmt::print("{}\n", to_text(to_json(outcome)));
    return 0;
  }
  const data::Split& parts = outcome.split;
  fmt::print("{}train {}, validation {}, test {} rows; grouped by {} and near questions\n",
             data::summary(outcome.prepared.report), parts.train.size(), parts.validation.size(),
             parts.test.size(), parts.grouped_by);
  if (outcome.known > 0)
    fmt::print("{} rows stand where an earlier split put them\n", outcome.known);
  if (!parts.findings.empty()) fmt::print("{} rows set aside:\n", parts.findings.size());
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(parts.findings.size(), kShown); ++i)
    fmt::print("  {}\n", parts.findings[i].message());
  if (parts.findings.size() > kShown)
    fmt::print("  {} more (--json lists all)\n", parts.findings.size() - kShown);
  if (!outcome.root.empty())
    fmt::print("frozen test: {} ({})\n", outcome.root, data::kManifestName);
  fmt::print("{}/data.jsonl, train.jsonl, validation.jsonl, test.jsonl and {}\n", options.out,
             data::kSplitRecordName);
  return 0;
}

}  // namespace

void add_data_split(CLI::App& group, Body& selected) {
  auto o = std::make_shared<SplitCommand>();
  CLI::App* c = group.add_subcommand(
      "split",
      "Train, validation and test files that share no question, now and when rows are added");
  o->data.declare_file(*c);
  o->data.declare_synthetic(*c);
  c->add_option("--out", o->out, "Folder; with an earlier split there, its rows stay in place")
      ->required();
  c->add_option("--test", o->test, "Share of the rows for the test")->capture_default_str();
  c->add_option("--validation", o->validation, "Share for validation")->capture_default_str();
  c->add_option("--test-rows", o->test_rows, "Number of test rows, instead of a share");
  c->add_option("--validation-rows", o->validation_rows, "Number of validation rows");
  c->add_option("--seed", o->seed, "Another split of the same rows")->capture_default_str();
  c->add_option("--question-threshold", o->question_threshold,
                "How alike two questions are to stay together, 0.5 to 1")
      ->check(CLI::Range(0.5, 1.0))
      ->capture_default_str();
  c->add_flag("--by-template", o->by_template,
              "Keep sentences that differ in numbers, dates and names together too");
  c->add_flag("--freeze", o->freeze, "Write test_manifest.json: attune tune refuses these rows");
  c->add_option("--threads", o->threads, "Threads; 0: one a core")->capture_default_str();
  c->add_flag("--json", o->json, "Print the outcome as one JSON object");
  c->callback([o, &selected] { selected = [o] { return split(*o); }; });
}

}  // namespace attune::cli
