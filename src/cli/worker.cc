// attune worker: one attempt at one job, started by the server's launcher. Not for people, so it is
// not listed.
//
// Exit codes: 0 the job knows how it stands; 4 this machine is at fault, and the last words on
// standard output say how.
#include "jobs/worker.h"

#include <atomic>
#include <csignal>
#include <fstream>
#include <memory>
#include <new>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"

namespace attune::cli {

namespace {

std::atomic<bool> asked_to_leave = false;

void ask_to_leave(int) { asked_to_leave = true; }

// The server answers first: its requests get the processor before training does, and when memory
// runs out the kernel takes a worker, whose job goes on from its checkpoint.
void stand_back() {
  constexpr int kNiceness = 10;
  (void)::setpriority(PRIO_PROCESS, 0, kNiceness);
  std::ofstream("/proc/self/oom_score_adj") << 500;
}

int last_words(const std::string& words) {
  fmt::print("{}\n", words);
  std::fflush(stdout);
  return 4;
}

Result<int> run(jobs::WorkerOptions options, const std::string& dtype, bool has_parent) {
  ATTUNE_TRY(options.precision, parse_precision(dtype));
  static_assert(std::atomic<bool>::is_always_lock_free);
  std::signal(SIGTERM, ask_to_leave);
  std::signal(SIGINT, ask_to_leave);
  options.leave = &asked_to_leave;
  if (has_parent) options.parent = STDIN_FILENO;
  stand_back();
  const jobs::Home home = jobs::Home::from_environment();
  try {
    const auto store = jobs::Store::open(home.database_url(), {.connections = 4});
    if (!store) return last_words(store.error().message());
    const Result<int> done = jobs::run_worker(**store, home, options);
    return done ? *done : last_words(done.error().message());
  } catch (const std::bad_alloc&) {
    return last_words("it ran out of memory");
  }
}

}  // namespace

void add_worker(CLI::App& app, Body& selected) {
  auto options = std::make_shared<jobs::WorkerOptions>();
  auto dtype = std::make_shared<std::string>(model::precision_name(options->precision));
  auto has_parent = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("worker", "One attempt at one job of the server");
  command->group("");  // hidden
  command->add_option("--job", options->job_id, "Id of the job")->required();
  command->add_option("--attempt", options->attempt, "Number of the claim")->required();
  command->add_option("--model", options->models, "NAME=FOLDER of a base model")
      ->expected(1)
      ->take_all();
  command->add_option("--threads", options->threads, "Threads; 0 takes every CPU")
      ->check(CLI::NonNegativeNumber);
  declare_dtype(*command, *dtype, true);
  command->add_option("--lease", options->lease_seconds, "Seconds of a lease")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--checkpoint-seconds", options->checkpoint_seconds,
                   "Seconds between checkpoints inside an epoch")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--parent-pipe", *has_parent,
                    "Standard input is a pipe that the launcher holds");
  command->callback([options, dtype, has_parent, &selected] {
    selected = [options, dtype, has_parent] { return run(*options, *dtype, *has_parent); };
  });
}

}  // namespace attune::cli
