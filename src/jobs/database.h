// A pool of connections to SQLite or PostgreSQL, with what the two have in common: prepared
// statements, rows of integers and text, transactions. The only file that knows SOCI is
// connection.cc.
//
//   auto answer = database.write([&](Connection& connection) -> Result<std::int64_t> {
//     ATTUNE_TRY(auto rows, connection.select(
//         "SELECT attempt FROM jobs WHERE id = ?" + connection.lock_row(), {id}, "i"));
//     return connection.change("UPDATE jobs SET attempt = ? WHERE id = ?", {attempt, id});
//   });
//
// write() commits if the work returns a value, else rolls back. It runs the work again if the
// database asks for that (a deadlock) or the connection was lost before the commit, so the work
// must not use up what it captured. read() runs without a transaction of its own.
//
// SQL is written once for both: `?` for a parameter (none inside quotes), BIGINT and TEXT only.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "jobs/database_address.h"

namespace attune::jobs {

// A parameter or a field. monostate is NULL.
using Value = std::variant<std::monostate, std::int64_t, std::string>;

inline Value optional_value(const std::optional<std::int64_t>& value) {
  return value ? Value(*value) : Value();
}
inline Value optional_value(const std::optional<std::string>& value) {
  return value ? Value(*value) : Value();
}

struct Row {
  std::vector<Value> fields;

  // The field as the type that the query declared; 0 or "" if it is NULL.
  std::int64_t integer(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  std::optional<std::int64_t> optional_integer(std::size_t column) const;
};
using Rows = std::vector<Row>;

struct DatabaseOptions {
  std::int64_t connections = 8;
  std::int64_t busy_seconds = 30;
  std::function<std::int64_t()> clock = {};
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const DatabaseAddress& address,
                                                  const DatabaseOptions& options);

  // `columns` has a letter for each result column: i integer, t text. A text parameter that the
  // database can't hold (NUL, no UTF-8) equals nothing that is stored: no rows.
  Result<Rows> select(std::string_view sql, const std::vector<Value>& parameters,
                      std::string_view columns);
  // INSERT, UPDATE, DELETE: how many rows it touched.
  Result<std::int64_t> change(std::string_view sql, const std::vector<Value>& parameters);
  // DDL and the like: run once, not kept prepared.
  Result<void> run(const std::string& sql);

  Result<std::int64_t> now();

  bool is_postgresql() const;
  // " FOR UPDATE" and " FOR UPDATE SKIP LOCKED"; nothing on SQLite, where a write transaction
  // is alone anyway.
  std::string lock_row() const;
  std::string lock_row_or_skip() const;
  // Makes transactions that call it run one after the other until they end.
  Result<void> take_turn();

  ~Connection();
  struct State;

 private:
  friend class Database;
  explicit Connection(std::unique_ptr<State> state);
  Result<void> begin();
  Result<void> commit();
  void roll_back();
  bool is_broken() const;
  bool should_retry() const;  // after a failure: the database asked for it
  std::unique_ptr<State> state_;
};

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& url,
                                                const DatabaseOptions& options);
  ~Database();

  template <typename Work>
  std::invoke_result_t<Work, Connection&> read(Work&& work) {
    for (int round = 1;; ++round) {
      ATTUNE_TRY(Borrowed connection, borrow());
      auto answer = work(*connection);
      if (answer || !may_try_again(*connection, round)) return answer;
    }
  }

  template <typename Work>
  std::invoke_result_t<Work, Connection&> write(Work&& work) {
    for (int round = 1;; ++round) {
      std::unique_lock<std::mutex> turn = writers_turn();
      ATTUNE_TRY(Borrowed connection, borrow());
      if (auto begun = connection->begin(); !begun) {
        if (may_try_again(*connection, round)) continue;
        return Failure(begun.error());
      }
      auto answer = work(*connection);
      if (!answer) {
        bool again = may_try_again(*connection, round);
        connection->roll_back();
        if (again) continue;
        return answer;
      }
      auto committed = connection->commit();
      if (committed) return answer;
      bool again = connection->should_retry() && !connection->is_broken();
      connection->roll_back();
      if (!again || round == kRounds) return Failure(committed.error());
    }
  }

  bool is_postgresql() const { return address_.is_postgresql; }
  // Changes when any connection of any process commits; SQLite only.
  std::optional<std::int64_t> change_token();

 private:
  static constexpr int kRounds = 5;

  // A connection out of the pool; goes back when destroyed, unless it broke.
  class Borrowed {
   public:
    Borrowed(Database& database, std::unique_ptr<Connection> connection)
        : database_(&database), connection_(std::move(connection)) {}
    Borrowed(Borrowed&&) noexcept = default;
    Borrowed& operator=(Borrowed&&) = delete;
    ~Borrowed() {
      if (connection_) database_->give_back(std::move(connection_));
    }
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }

   private:
    Database* database_;
    std::unique_ptr<Connection> connection_;
  };

  Database(DatabaseAddress address, DatabaseOptions options);
  Result<Borrowed> borrow();
  void give_back(std::unique_ptr<Connection> connection);
  // Threads of this process queue here for SQLite's one writer, rather than poll its lock.
  std::unique_lock<std::mutex> writers_turn();
  static bool may_try_again(const Connection& connection, int round);

  DatabaseAddress address_;
  DatabaseOptions options_;
  std::mutex writing_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::int64_t lent_ = 0;
  std::mutex watching_;
  std::unique_ptr<Connection> watcher_;  // never writes, so it sees every commit
};

// Brings the schema up to the newest version that this program knows (migrations.cc).
Result<void> migrate(Database& database);

}  // namespace attune::jobs
