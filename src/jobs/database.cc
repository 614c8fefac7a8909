// The pool of connections.
#include "jobs/database.h"

#include <chrono>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attune::jobs {

namespace {

// Secrets of webhooks lie in the file, so it is made readable by its owner alone.
Result<void> make_private_file(const std::string& path) {
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) {
    return environment_failure({.where = path,
                                .found = "the database can't be opened or made",
                                .wanted = "a file in a folder that exists and can be written",
                                .fix = "check the folder, or set ATTUNE_HOME"});
  }
  ::close(descriptor);
  return {};
}

}  // namespace

Database::Database(DatabaseAddress address, DatabaseOptions options)
    : address_(std::move(address)), options_(std::move(options)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& url,
                                                 const DatabaseOptions& options) {
  ATTUNE_TRY(DatabaseAddress address, parse_database_address(url));
  if (!address.is_postgresql) ATTUNE_TRY_VOID(make_private_file(address.name));
  std::unique_ptr<Database> database(new Database(address, options));
  ATTUNE_TRY(std::unique_ptr<Connection> first, Connection::open(address, options));
  database->idle_.push_back(std::move(first));
  if (!address.is_postgresql) {
    ATTUNE_TRY(database->watcher_, Connection::open(address, options));
  }
  return database;
}

Result<Database::Borrowed> Database::borrow() {
  std::unique_lock<std::mutex> lock(mutex_);
  bool got = freed_.wait_for(lock, std::chrono::seconds(options_.busy_seconds),
                             [this] { return !idle_.empty() || lent_ < options_.connections; });
  if (!got) {
    return environment_failure({.where = "database",
                                .found = "all connections are busy",
                                .fix = "raise the number of connections, or send less at once"});
  }
  ++lent_;
  if (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    return Borrowed(*this, std::move(connection));
  }
  lock.unlock();
  auto connection = Connection::open(address_, options_);
  if (connection) return Borrowed(*this, std::move(*connection));
  lock.lock();
  --lent_;
  freed_.notify_one();
  return Failure(std::move(connection).error());
}

void Database::give_back(std::unique_ptr<Connection> connection) {
  bool broken = connection->is_broken();
  if (broken) connection.reset();
  std::lock_guard<std::mutex> lock(mutex_);
  --lent_;
  // The others were probably cut off with it.
  if (broken) idle_.clear();
  if (connection) idle_.push_back(std::move(connection));
  freed_.notify_one();
}

std::unique_lock<std::mutex> Database::writers_turn() {
  return is_postgresql() ? std::unique_lock<std::mutex>() : std::unique_lock<std::mutex>(writing_);
}

bool Database::may_try_again(const Connection& connection, int round) {
  if (round >= kRounds || (!connection.should_retry() && !connection.is_broken())) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(10 * round));
  return true;
}

std::optional<std::int64_t> Database::change_token() {
  if (!watcher_) return std::nullopt;
  std::lock_guard<std::mutex> lock(watching_);
  auto rows = watcher_->select("PRAGMA data_version", {}, "i");
  if (!rows || rows->empty()) return std::nullopt;
  return rows->front().integer(0);
}

}  // namespace attune::jobs
