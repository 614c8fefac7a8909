#include "cli/curve_rows.h"

#include <numeric>

#include <fmt/format.h>

#include "cli/eval.h"
#include "cli/tune_prompts.h"
#include "eval/score_items.h"
#include "io/sha256.h"

namespace attune::cli {

namespace {

std::vector<data::Example> test_rows(const CurveRows& rows) {
  std::vector<data::Example> test;
  for (const std::int64_t row : rows.split.test)
    test.push_back(rows.examples[static_cast<std::size_t>(row)]);
  return test;
}

Result<void> check_curve_suite(const eval::Suite& suite, const TuneOptions& options) {
  const auto refuse = [&](std::string found, std::string wanted) {
    return bad_input(
        {.where = options.data.file, .found = std::move(found), .wanted = std::move(wanted)});
  };
  if (suite.eval) return refuse("an OpenAI eval", "a suite with examples to train on");
  if (suite.examples.empty()) return refuse("no examples", "examples: the rows to train on");
  if (suite.data.empty()) return refuse("tests", "data: the rows to answer");
  if (!options.data.contract.empty())
    return refuse("--contract beside a suite", "the suite's own contract");
  if (!options.data.map.empty()) return refuse("--map beside a suite", "the suite's own map");
  const DataOptions& data = options.data;
  const DataOptions none;
  const std::pair<bool, std::string_view> of_plain_files[] = {
      {data.format != none.format, "--format"},        {!data.dataset.empty(), "--dataset"},
      {!data.normalise.empty(), "--normalise"},        {data.system != none.system, "--system"},
      {!data.synthetic.empty(), "--synthetic"},        {data.allow_mixed, "--allow-mixed"},
      {data.keep_breakers, "--keep-contract-breakers"}};
  for (const auto& [given, name] : of_plain_files) {
    if (given)
      return refuse(fmt::format("{} beside a suite", name),
                    "a suite alone, whose rows are read as they are");
  }
  return {};
}

Result<CurveRows> rows_of_suite(const eval::Suite& suite, TuneOptions& options,
                                bool longest_is_given) {
  ATTUNE_TRY_VOID(check_curve_suite(suite, options));
  CurveRows rows;
  options.data.contract = suite.contract;
  ATTUNE_TRY(rows.contract, options.data.load_contract());
  ATTUNE_TRY(rows.examples, read_rows(suite, suite.examples, false));
  ATTUNE_TRY(std::vector<data::Example> test, read_rows(suite, suite.data, true));
  ATTUNE_TRY_VOID(leave_out_held_out(test, rows.examples));
  rows.split.train.resize(rows.examples.size());
  std::iota(rows.split.train.begin(), rows.split.train.end(), std::int64_t{0});
  rows.split.test.resize(test.size());
  std::iota(rows.split.test.begin(), rows.split.test.end(), std::ssize(rows.examples));
  for (data::Example& row : test) rows.examples.push_back(std::move(row));
  rows.measures = suite.measures;
  if (!longest_is_given) options.max_answer_tokens = suite.most_tokens;
  if (options.model.model.empty()) options.model.model = suite.arms.front().model;
  ATTUNE_TRY(const std::string train_file, read_file(suite.examples));
  ATTUNE_TRY(const std::string test_file, read_file(suite.data));
  rows.fingerprint =
      sha256(sha256(train_file) + sha256(test_file) + suite.map + "\n" + suite.reference);
  return rows;
}

Result<CurveRows> rows_of_file(const TuneOptions& options) {
  CurveRows rows;
  ATTUNE_TRY(rows.contract, options.data.load_contract());
  ATTUNE_TRY(PreparedRows prepared, prepare_rows(options, rows.contract));
  rows.examples = std::move(prepared.prepared.examples);
  rows.split = std::move(prepared.split);
  ATTUNE_TRY(const std::string data, read_file(options.data.file));
  rows.fingerprint = sha256(data);
  return rows;
}

}  // namespace

bool names_suite(const std::string& file) {
  const std::string extension = Path(file).extension().string();
  return extension == ".yaml" || extension == ".yml";
}

Result<CurveRows> read_curve_rows(TuneOptions& options, const std::vector<std::string>& metrics,
                                  std::int64_t most_items, bool longest_is_given) {
  CurveRows rows;
  eval::Suite suite;  // of a plain file: one that names no fields
  if (names_suite(options.data.file)) {
    ATTUNE_TRY(suite, eval::read_suite(options.data.file));
    ATTUNE_TRY(rows, rows_of_suite(suite, options, longest_is_given));
  } else {
    ATTUNE_TRY(rows, rows_of_file(options));
  }
  if (!metrics.empty()) {
    ATTUNE_TRY(rows.measures, eval::read_measures(Json(metrics), "--metrics"));
    if (!rows.measures.beside.empty()) {
      return bad_input({.where = "--metrics",
                        .found = std::string(eval::beside_name(rows.measures.beside[0].beside)),
                        .wanted = "a measure of domain accuracy, which is what a curve is of"});
    }
  }
  suite.measures = rows.measures;
  rows.split.test = sample_of(rows.split.test, most_items);
  ATTUNE_TRY(rows.items, items_of_rows(suite, test_rows(rows)));
  ATTUNE_TRY_VOID(eval::check_items(
      rows.items,
      {.measures = rows.measures, .contract = rows.contract ? &*rows.contract : nullptr}));
  return rows;
}

}  // namespace attune::cli
