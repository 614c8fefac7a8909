// attune doctor: looks over what the server keeps, and mends what can be mended.
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "io/json.h"
#include "jobs/home.h"
#include "jobs/store.h"

namespace attune::cli {

namespace {

struct DoctorOptions {
  jobs::CheckOptions check;
  bool json = false;
};

Json to_json(const jobs::CheckReport& report) {
  Json problems = Json::array();
  for (const jobs::CheckProblem& problem : report.problems) {
    problems.push_back({{"kind", problem.kind},
                        {"subject", problem.subject},
                        {"found", problem.found},
                        {"repaired", problem.repaired}});
  }
  return {{"jobs", report.jobs},
          {"files", report.files},
          {"blobs", report.blobs},
          {"problems", std::move(problems)}};
}

Result<int> run(const DoctorOptions& options) {
  const jobs::Home home = jobs::Home::from_environment();
  ATTUNE_TRY_VOID(home.create_folders());
  ATTUNE_TRY(const auto store, jobs::Store::open(home.database_url(), {}));
  ATTUNE_TRY(const jobs::BlobStore blobs, jobs::BlobStore::open(home.blobs()));
  ATTUNE_TRY(const jobs::CheckReport report, store->check(blobs, options.check));
  std::int64_t left = 0;
  for (const jobs::CheckProblem& problem : report.problems) left += problem.repaired ? 0 : 1;
  if (options.json) {
    fmt::print("{}\n", to_text(to_json(report)));
    return left == 0 ? 0 : 1;
  }
  fmt::print("{}: {} jobs, {} files, {} contents\n", home.root.string(), report.jobs, report.files,
             report.blobs);
  for (const jobs::CheckProblem& problem : report.problems) {
    fmt::print("  {} {}: {}{}\n", problem.kind, problem.subject, problem.found,
               problem.repaired ? " (mended)" : "");
  }
  if (report.problems.empty()) fmt::print("nothing is wrong\n");
  if (left > 0 && !options.check.repair) fmt::print("attune doctor --repair mends what it can\n");
  return left == 0 ? 0 : 1;
}

}  // namespace

void add_doctor(CLI::App& app, Body& selected) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand(
      "doctor",
      "Check the server's database and files, and repair them (exit 1: problems are left)");
  command->add_flag("--repair", options->check.repair, "Mend what can be mended");
  command->add_flag("--contents", options->check.read_contents,
                    "Read every file again and compare it with its digest");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace attune::cli
