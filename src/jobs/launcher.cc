#include "jobs/launcher.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jobs/crash.h"
#include "jobs/run_folder.h"
#include "jobs/worker_process.h"
#include "wire/ids.h"

namespace attune::jobs {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;
// A worker that is gone and that nobody else's launcher reaped meanwhile: looked at twice.
constexpr seconds kBetweenLooks{2};
constexpr seconds kBetweenReleases{1};
constexpr seconds kLongestPause{30};

struct Child {
  WorkerProcess process;
  std::string job_id;
  std::int64_t attempt = 0;
  bool trains = false;
  Clock::time_point started = Clock::now();
};

// An end that could not be recorded yet.
struct Unsettled {
  std::string job_id;
  std::int64_t attempt = 0;
  Ending ending;
};

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool works_on(std::int64_t process, const std::string& job_id) {
  return file_text(fmt::format("/proc/{}/cmdline", process)).find(job_id) != std::string::npos;
}

}  // namespace
std::string host_identity() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) name = "host";
  name.resize(name.find('\0') == std::string::npos ? name.size() : name.find('\0'));
  struct stat status {};
  const bool known = ::stat("/proc/self/ns/pid", &status) == 0;
  return fmt::format("{}/{}/{}", name, file_text("/proc/sys/kernel/random/boot_id").substr(0, 8),
                     known ? status.st_ino : 0);
}

struct Launcher::State {
  Store& store;
  const Home home;
  const LauncherOptions options;
  const std::string host = host_identity();
  const std::string name;
  int wake_up = -1;
  std::atomic<bool> stopping = false;
  double patience = 20;

  mutable std::mutex mutex;  // of what other threads look at
  std::string trouble;
  std::vector<Child> children;
  bool round_is_good = true;

  std::vector<Unsettled> unsettled;
  std::set<std::pair<std::string, std::int64_t>> seen_gone;
  Clock::time_point next_look{}, next_release{}, next_claim{};
  seconds pause{1};
  std::thread thread;

  State(Store& the_store, const Home& the_home, LauncherOptions the_options)
      : store(the_store),
        home(the_home),
        options(std::move(the_options)),
        name(wire::new_id("launcher-", 12)) {}
  ~State() {
    if (wake_up >= 0) ::close(wake_up);
  }

  void run();
  void wait();
  void say(const std::string& line) const {
    if (options.say) options.say(line);
  }
  // What went wrong in this round; what did before it is over when a round goes well.
  void set_trouble(std::string text);
  template <typename T>
  bool good(const Result<T>& result);
  std::int64_t count(bool trains) const;
  bool is_child(const JobRow& row) const;

  void forget_finished();
  void reap();
  bool settle(const Unsettled& end);
  void settle_all();
  void look_after_strangers();
  void release();
  void claim(JobStatus from, std::int64_t most);
  void start_worker(const JobRow& row);
  bool give_up_on(const JobRow& row);
  void end_all();
};

void Launcher::State::set_trouble(std::string text) {
  round_is_good = text.empty();
  if (!text.empty() && text != trouble) say(text);
  const std::lock_guard lock(mutex);
  trouble = std::move(text);
}

template <typename T>
bool Launcher::State::good(const Result<T>& result) {
  if (result) return true;
  set_trouble(result.error().message());
  return false;
}

std::int64_t Launcher::State::count(bool trains) const {
  std::int64_t found = 0;
  for (const Child& child : children) found += child.trains == trains ? 1 : 0;
  return found;
}

bool Launcher::State::is_child(const JobRow& row) const {
  for (const Child& child : children) {
    if (child.job_id == row.job.id && child.attempt == row.attempt) return true;
  }
  return false;
}

// ---- ends ----

void Launcher::State::reap() {
  for (std::size_t i = 0; i < children.size();) {
    if (!children[i].process.has_ended()) {
      ++i;
      continue;
    }
    Child& child = children[i];
    Ending ending = child.process.reap();
    const bool well = ending.kind == Ending::Kind::done;
    if (!well) say(fmt::format("the worker of {}: {}", child.job_id, ending.reason));
    // What ends badly at once would do so again and again: take breath.
    const bool at_once = Clock::now() - child.started < seconds(2);
    pause = well || !at_once ? seconds(1) : std::min(2 * pause, kLongestPause);
    if (!well && at_once && ending.kind != Ending::Kind::killed) next_claim = Clock::now() + pause;
    unsettled.push_back({child.job_id, child.attempt, std::move(ending)});
    const std::lock_guard lock(mutex);
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// False: the store could not be asked.
bool Launcher::State::settle(const Unsettled& end) {
  switch (end.ending.kind) {
    case Ending::Kind::done:  // it let go by itself; if not, this is a fault of the worker
      return good(store.lose_worker(end.job_id, end.attempt,
                                    "its process ended without a word about the job"));
    case Ending::Kind::killed:
      return good(store.lose_worker(end.job_id, end.attempt, end.ending.reason));
    case Ending::Kind::out_of_memory:
      return good(take_crash(store, end.job_id, end.attempt, {"out_of_memory", end.ending.reason},
                             options.crash_limit));
    case Ending::Kind::error:
    case Ending::Kind::crashed:
      break;
  }
  return good(take_crash(store, end.job_id, end.attempt, {"worker_crashed", end.ending.reason},
                         options.crash_limit));
}

void Launcher::State::settle_all() {
  std::erase_if(unsettled, [this](const Unsettled& end) { return settle(end); });
}

// Workers of this machine that are not our children: those of a launcher that was killed.
void Launcher::State::look_after_strangers() {
  if (Clock::now() < next_look) return;
  next_look = Clock::now() + kBetweenLooks;
  const auto held = store.held_jobs(host);
  if (!good(held)) return;
  std::set<std::pair<std::string, std::int64_t>> gone;
  for (const JobRow& row : *held) {
    if (row.process == 0 || is_child(row) || works_on(row.process, row.job.id)) continue;
    const std::pair<std::string, std::int64_t> attempt(row.job.id, row.attempt);
    if (seen_gone.contains(attempt)) {
      (void)good(store.lose_worker(row.job.id, row.attempt,
                                   "its process is gone; the server was restarted meanwhile"));
    } else {
      gone.insert(attempt);
    }
  }
  seen_gone = std::move(gone);
}

void Launcher::State::release() {
  if (Clock::now() < next_release) return;
  next_release = Clock::now() + kBetweenReleases;
  const auto released = store.release_expired();
  if (!good(released)) return;
  for (const JobRow& row : *released) say(fmt::format("the lease of {} ran out", row.job.id));
}

// ---- starts ----

// A job whose workers are lost again and again, for whatever reason, ends.
bool Launcher::State::give_up_on(const JobRow& row) {
  if (row.losses < options.loss_limit) return false;
  const std::string message = fmt::format(
      "The worker of this job was lost {} times without finishing an epoch; the events "
      "say how",
      row.losses);
  Transition change;
  change.to = JobStatus::failed;
  change.error = wire::JobError{.code = "worker_lost", .message = message};
  change.events = {error_event(message, "failed")};
  (void)good(store.record(row.job.id, row.attempt, change));
  return true;
}

void Launcher::State::start_worker(const JobRow& row) {
  WorkerCommand command;
  command.program = options.program;
  command.arguments = {"worker",
                       "--job",
                       row.job.id,
                       "--attempt",
                       fmt::format("{}", row.attempt),
                       "--lease",
                       fmt::format("{}", options.lease_seconds),
                       "--parent-pipe"};
  for (const std::string& model : options.models) {
    command.arguments.insert(command.arguments.end(), {"--model", model});
  }
  command.arguments.insert(command.arguments.end(), options.worker_arguments.begin(),
                           options.worker_arguments.end());
  command.environment = {{"ATTUNE_HOME", home.root.string()},
                         {"ATTUNE_DATABASE_URL", options.database_url}};
  command.log = home.runs() / row.job.id / "worker.log";
  Result<WorkerProcess> started = WorkerProcess::start(command);
  if (!started) {
    set_trouble(started.error().message());
    next_claim = Clock::now() + pause;
    pause = std::min(2 * pause, kLongestPause);
    (void)store.lose_worker(row.job.id, row.attempt, started.error().message());
    return;
  }
  const std::lock_guard lock(mutex);
  children.push_back({.process = std::move(*started),
                      .job_id = row.job.id,
                      .attempt = row.attempt,
                      .trains = row.job.status == JobStatus::running});
}

void Launcher::State::claim(JobStatus from, std::int64_t most) {
  while (!stopping && count(from == JobStatus::queued) < most) {
    const auto row = store.claim_next({.worker = name,
                                       .host = host,
                                       .lease_seconds = options.lease_seconds,
                                       .from = from,
                                       .running_limit = options.running_limit,
                                       .project_running_limit = options.project_running_limit});
    if (!good(row) || !*row) return;
    if (!give_up_on(**row)) start_worker(**row);
    if (Clock::now() < next_claim) return;
  }
}

// ---- the loop ----

void Launcher::State::wait() {
  std::vector<pollfd> watched = {{.fd = wake_up, .events = POLLIN, .revents = 0}};
  for (const Child& child : children) {
    watched.push_back({.fd = child.process.ended_descriptor(), .events = 0, .revents = 0});
  }
  (void)::poll(watched.data(), watched.size(), static_cast<int>(1000 * options.poll_seconds));
  // A pipe hangs up an instant before its process can be reaped.
  for (std::size_t i = 1; i < watched.size(); ++i) {
    for (int round = 0; watched[i].revents != 0 && round < 100; ++round) {
      if (children[i - 1].process.has_ended()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  std::uint64_t count_of_wakes = 0;
  if ((watched[0].revents & POLLIN) != 0) {
    (void)!::read(wake_up, &count_of_wakes, sizeof count_of_wakes);
  }
}

// Checkpoints of jobs that ended while no worker was there to remove them.
void Launcher::State::forget_finished() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(home.runs(), ignored)) {
    const auto row = store.load_job(entry.path().filename().string());
    if (row && *row && is_final((*row)->job.status)) forget_checkpoints(entry.path());
  }
}

void Launcher::State::run() {
  forget_finished();
  while (!stopping) {
    round_is_good = true;
    reap();
    settle_all();
    look_after_strangers();
    release();
    if (Clock::now() >= next_claim) {
      claim(JobStatus::validating_files, options.checks_at_once);
      claim(JobStatus::queued, options.jobs_at_once);
      if (round_is_good) set_trouble({});
    }
    wait();
  }
  end_all();
}

void Launcher::State::end_all() {
  for (const Child& child : children) child.process.ask_to_leave();
  const auto limit = Clock::now() + std::chrono::duration<double>(patience);
  while (!children.empty() && Clock::now() < limit) {
    wait();
    reap();
    settle_all();
  }
  for (const Child& child : children) child.process.kill();
  while (!children.empty()) {
    wait();
    reap();
  }
  settle_all();
}

Result<std::unique_ptr<Launcher>> Launcher::start(Store& store, const Home& home,
                                                  LauncherOptions options) {
  if (options.database_url.empty()) options.database_url = home.database_url();
  auto state = std::make_unique<State>(store, home, std::move(options));
  state->wake_up = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (state->wake_up < 0) {
    return environment_failure({.where = "launcher",
                                .found = "no more file descriptors",
                                .wanted = "one",
                                .fix = "raise the limit on open files (ulimit -n)"});
  }
  state->thread = std::thread([running = state.get()] { running->run(); });
  return std::unique_ptr<Launcher>(new Launcher(std::move(state)));
}

Launcher::Launcher(std::unique_ptr<State> state) : state_(std::move(state)) {}

Launcher::~Launcher() { stop(); }

void Launcher::wake() {
  const std::uint64_t one = 1;
  (void)!::write(state_->wake_up, &one, sizeof one);
}

void Launcher::stop(double patience_seconds) {
  if (!state_->thread.joinable()) return;
  state_->patience = patience_seconds;
  state_->stopping = true;
  wake();
  state_->thread.join();
}

std::vector<ActiveWorker> Launcher::workers() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ActiveWorker> active;
  for (const Child& child : state_->children) {
    active.push_back({child.job_id, child.attempt, child.process.id(), child.trains});
  }
  return active;
}

std::string Launcher::problem() const {
  const std::lock_guard lock(state_->mutex);
  return state_->trouble;
}

}  // namespace attune::jobs
