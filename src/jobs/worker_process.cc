#include "jobs/worker_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace attune::jobs {

namespace {

Failure start_failure(std::string_view action, int reason) {
  return environment_failure(
      {.where = "starting a worker process",
       .found = fmt::format("cannot {}: {}", action, std::generic_category().message(reason)),
       .wanted = "room for one more process",
       .fix = "look at the limits on processes, files and memory"});
}

// The number behind `key` in a file of "key number" lines; 0 if it is not there.
std::int64_t counter_in(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  std::string name;
  std::int64_t value = 0;
  while (file >> name >> value) {
    if (name == key) return value;
  }
  return 0;
}

// This process's control group in the hierarchy that begins a line of /proc/self/cgroup:
// "0::/path" (version 2), "4:memory:/path" (version 1).
std::string control_group(std::string_view hierarchy) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(hierarchy);
    if (at != std::string::npos) return line.substr(at + hierarchy.size());
  }
  return {};
}

struct Pipe {
  int read_end = -1, write_end = -1;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return start_failure("make a pipe", errno);
  return Pipe{ends[0], ends[1]};
}

void close_pipe(const Pipe& pipe) {
  ::close(pipe.read_end);
  ::close(pipe.write_end);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& text : strings) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(added.begin(), added.end(),
                                      [name](const auto& one) { return one.first == name; });
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

// Standard streams, and nothing else of this process.
struct FileActions {
  posix_spawn_file_actions_t actions{};
  FileActions(const Pipe& parent, const Pipe& words, const Path& log) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, parent.read_end, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, words.write_end, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, S_IRUSR | S_IWUSR);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
};

// Its own process group, so that Ctrl-C reaches the server alone; signals as a fresh program has
// them.
struct Attributes {
  posix_spawnattr_t attributes{};
  Attributes() {
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
};

std::string read_rest(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

bool is_own_fault(int signal) {
  constexpr std::array kFaults = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP};
  return std::find(kFaults.begin(), kFaults.end(), signal) != kFaults.end();
}

Ending ending_of(int status, const std::string& words, std::int64_t peak, bool memory_killed) {
  constexpr std::int64_t kMebibyte = 1 << 20;
  Ending ending{.kind = Ending::Kind::done, .reason = {}, .peak_memory_bytes = peak};
  if (WIFEXITED(status)) {
    const int code = WEXITSTATUS(status);
    if (code == 0) return ending;
    ending.kind = Ending::Kind::error;
    ending.reason = words.empty() ? fmt::format("it ended with exit code {}", code) : words;
    return ending;
  }
  const int signal = WTERMSIG(status);
  if (signal == SIGKILL && memory_killed) {
    ending.kind = Ending::Kind::out_of_memory;
    ending.reason = fmt::format("it was killed because memory ran out; it had used {} MiB at most",
                                peak / kMebibyte);
    return ending;
  }
  ending.kind = is_own_fault(signal) ? Ending::Kind::crashed : Ending::Kind::killed;
  ending.reason = fmt::format("it was ended by signal {} ({})", signal, ::strsignal(signal));
  return ending;
}

}  // namespace

std::int64_t memory_kills() {
  const std::string root = "/sys/fs/cgroup";
  return counter_in(root + control_group("0::") + "/memory.events", "oom_kill") +
         counter_in(root + "/memory" + control_group(":memory:") + "/memory.oom_control",
                    "oom_kill") +
         counter_in("/proc/vmstat", "oom_kill");
}

Result<WorkerProcess> WorkerProcess::start(const WorkerCommand& command) {
  ATTUNE_TRY_VOID(ensure_directory(command.log.parent_path()));
  ATTUNE_TRY(const Pipe parent, make_pipe());
  const Result<Pipe> words = make_pipe();
  if (!words) {
    close_pipe(parent);
    return Failure(words.error());
  }
  WorkerProcess process;
  process.memory_kills_ = memory_kills();
  std::vector<std::string> arguments = {command.program.string()};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = environment_with(command.environment);
  const FileActions actions(parent, *words, command.log);
  const Attributes attributes;
  const int failed =
      ::posix_spawn(&process.id_, command.program.c_str(), &actions.actions, &attributes.attributes,
                    pointers(arguments).data(), pointers(environment).data());
  ::close(parent.read_end);
  ::close(words->write_end);
  process.parent_end_ = parent.write_end;
  process.words_ = words->read_end;
  if (failed != 0) {
    process.id_ = -1;
    return start_failure(fmt::format("run {}", command.program.string()), failed);
  }
  return process;
}

bool WorkerProcess::has_ended() const {
  siginfo_t information{};
  return id_ > 0 &&
         ::waitid(P_PID, static_cast<id_t>(id_), &information, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         information.si_pid == id_;
}

void WorkerProcess::ask_to_leave() const {
  if (id_ > 0) ::kill(id_, SIGTERM);
}

void WorkerProcess::kill() const {
  if (id_ > 0) ::kill(id_, SIGKILL);
}

Ending WorkerProcess::reap() {
  const std::string words = read_rest(words_);
  int status = 0;
  rusage usage{};
  while (::wait4(id_, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  id_ = -1;
  close_descriptors();
  constexpr std::int64_t kKibibyte = 1024;
  return ending_of(status, words, static_cast<std::int64_t>(usage.ru_maxrss) * kKibibyte,
                   memory_kills() > memory_kills_);
}

void WorkerProcess::close_descriptors() {
  for (int* descriptor : {&parent_end_, &words_}) {
    if (*descriptor >= 0) ::close(std::exchange(*descriptor, -1));
  }
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : id_(std::exchange(other.id_, -1)),
      parent_end_(std::exchange(other.parent_end_, -1)),
      words_(std::exchange(other.words_, -1)),
      memory_kills_(other.memory_kills_) {}

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(parent_end_, other.parent_end_);
  std::swap(words_, other.words_);
  memory_kills_ = other.memory_kills_;
  return *this;
}

WorkerProcess::~WorkerProcess() {
  if (id_ > 0) {
    kill();
    (void)reap();
  }
  close_descriptors();
}

}  // namespace attune::jobs
