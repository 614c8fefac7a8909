// attune data dedup: which rows say the same, with their differences; --drop writes the rest.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "cli/data_commands.h"
#include "cli/data_options.h"
#include "data/duplicates.h"

namespace attune::cli {

namespace {

struct DedupCommand {
  DataOptions data;
  data::DuplicateOptions duplicates;
  std::string drop;
  std::int64_t show = 5;
  int threads = 0;
  bool json = false;
};

Result<void> write_rest(const std::vector<data::Example>& examples,
                        const data::DuplicateReport& report, const Path& path) {
  ATTUNE_TRY(AtomicFile file, AtomicFile::create(path));
  for (std::int64_t row = 0; row < report.rows; ++row) {
    if (std::binary_search(report.dropped.begin(), report.dropped.end(), row)) continue;
    ATTUNE_TRY_VOID(file.write(data::strict_row(examples[static_cast<std::size_t>(row)]) + "\n"));
  }
  return file.commit();
}

Result<int> dedup(const DedupCommand& options) {
  data::PrepareOptions prepare = options.data.prepare_options(std::nullopt);
  prepare.keep_duplicates = true;
  ATTUNE_TRY(const data::Prepared prepared, data::prepare(options.data.file, prepare));
  ThreadPool pool(options.threads);
  const data::DuplicateReport report =
      data::find_duplicates(prepared.examples, options.duplicates, pool);
  if (!options.drop.empty()) {
    ATTUNE_TRY_VOID(write_rest(prepared.examples, report, options.drop));
  }
  if (options.json) {
    Json json = data::to_json(prepared.examples, report);
    json["unusable"] = prepared.report.rows_dropped();
    fmt::print("{}\n", to_text(json));
    return 0;
  }
  fmt::print("{}", data::duplicate_page(prepared.examples, report, options.show));
  if (prepared.report.rows_dropped() > 0) {
    fmt::print("\n{} rows of the file are not usable and were not compared: attune data check\n",
               prepared.report.rows_dropped());
  }
  const std::int64_t copies = std::ssize(report.dropped);
  if (options.drop.empty()) {
    fmt::print("\n{} rows are copies or near copies of a better one{}\n", copies,
               copies > 0 ? "; --drop FILE writes the others" : "");
  } else {
    fmt::print("\n{}: {} rows; {} copies and near copies left out\n", options.drop,
               report.rows - copies, copies);
  }
  return 0;
}

}  // namespace

void add_data_dedup(CLI::App& group, Body& selected) {
  auto o = std::make_shared<DedupCommand>();
  CLI::App* c = group.add_subcommand("dedup", "Which rows say the same, and how they differ");
  o->data.declare_file(*c);
  c->add_option("--drop", o->drop, "Write the rows without copies and near copies here (JSONL)");
  c->add_option("--question-threshold", o->duplicates.question_threshold,
                "How alike two questions are to count as one, 0.5 to 1")
      ->check(CLI::Range(0.5, 1.0))
      ->capture_default_str();
  c->add_option("--row-threshold", o->duplicates.row_threshold,
                "The same of question and answer together")
      ->check(CLI::Range(0.5, 1.0))
      ->capture_default_str();
  c->add_option("--show", o->show, "Groups of each kind to show")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  c->add_option("--threads", o->threads, "Threads; 0: one a core")->capture_default_str();
  c->add_flag("--json", o->json, "Print all groups as one JSON object");
  c->callback([o, &selected] { selected = [o] { return dedup(*o); }; });
}

}  // namespace attune::cli
