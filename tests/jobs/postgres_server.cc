#include "jobs/postgres_server.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobs/database.h"

namespace attune::testing_support {

namespace {

// The folder of initdb and postgres: Debian keeps them out of the PATH.
Path find_programs() {
  Path newest;
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    Path programs = version.path() / "bin";
    if (std::filesystem::exists(programs / "initdb", ignored) &&
        std::filesystem::exists(programs / "postgres", ignored) && programs > newest) {
      newest = programs;
    }
  }
  return newest;
}

// PostgreSQL refuses to run as root; then `nobody` runs it.
const passwd* other_user() { return ::geteuid() == 0 ? ::getpwnam("nobody") : nullptr; }

// Runs a program of the cluster's user in the background; it dies with this process.
int spawn(const std::vector<std::string>& words, const Path& log) {
  const passwd* user = other_user();
  pid_t child = ::fork();
  if (child != 0) return child;
  if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                          ::setuid(user->pw_uid) != 0)) {
    ::_exit(127);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::chdir("/") != 0) ::_exit(127);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

bool run(const std::vector<std::string>& words, const Path& log) {
  int status = 0;
  return ::waitpid(spawn(words, log), &status, 0) > 0 && status == 0;
}

}  // namespace

PostgresServer::PostgresServer(Path programs, Path folder)
    : programs_(std::move(programs)), folder_(std::move(folder)) {}

PostgresServer* PostgresServer::shared() {
  static const std::unique_ptr<PostgresServer> server = []() -> std::unique_ptr<PostgresServer> {
    Path programs = find_programs();
    if (programs.empty()) return nullptr;
    std::string name = "/tmp/attune-postgres-XXXXXX";  // a socket's path has at most 107 bytes
    if (::mkdtemp(name.data()) == nullptr) return nullptr;
    const passwd* user = other_user();
    if (user != nullptr && ::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0) return nullptr;
    std::unique_ptr<PostgresServer> made(new PostgresServer(programs, name));
    bool ready = run({(programs / "initdb").string(), "-D", name + "/data", "-U", "attune", "-A",
                      "trust", "--no-sync", "-E", "UTF8", "--locale=C"},
                     Path(name) / "log") &&
                 made->start();
    if (!ready) {
      std::fprintf(stderr, "the PostgreSQL server of the tests does not start; see %s/log\n",
                   name.c_str());
      return nullptr;
    }
    return made;
  }();
  return server.get();
}

bool PostgresServer::start() {
  process_ = spawn({(programs_ / "postgres").string(), "-D", (folder_ / "data").string(), "-k",
                    folder_.string(), "-c", "listen_addresses=", "-c", "fsync=off", "-c",
                    "max_connections=100", "-c", "shared_buffers=32MB"},
                   folder_ / "log");
  for (int round = 0; round < 300; ++round) {
    auto address = jobs::parse_database_address(url("public"));
    if (address && jobs::Connection::open(*address, {})) return true;
    ::usleep(50'000);
  }
  return false;
}

std::string PostgresServer::url(const std::string& schema) const {
  return fmt::format("postgresql://attune@/postgres?host={}&options=-csearch_path%3D{}",
                     folder_.string(), schema);
}

std::string PostgresServer::new_database() {
  std::string schema = fmt::format("t{}", ++schemas_);
  auto address = jobs::parse_database_address(url("public"));
  auto connection = jobs::Connection::open(*address, {});
  if (!connection || !(*connection)->run("CREATE SCHEMA " + schema)) return {};
  return url(schema);
}

void PostgresServer::crash_and_restart() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  ::usleep(200'000);  // its children see it and end
  start();
}

PostgresServer::~PostgresServer() {
  if (process_ > 0) {
    ::kill(process_, SIGQUIT);
    ::waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace attune::testing_support
