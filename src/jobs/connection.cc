// The one place that knows SOCI. Its exceptions end here.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sqlite3.h>

#include "io/text_encoding.h"
#include "jobs/database.h"

namespace attune::jobs {

std::int64_t Row::integer(std::size_t column) const {
  const auto* value = std::get_if<std::int64_t>(&fields[column]);
  return value == nullptr ? 0 : *value;
}

const std::string& Row::text(std::size_t column) const {
  static const std::string nothing;
  const auto* value = std::get_if<std::string>(&fields[column]);
  return value == nullptr ? nothing : *value;
}

std::optional<std::int64_t> Row::optional_integer(std::size_t column) const {
  const auto* value = std::get_if<std::int64_t>(&fields[column]);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

namespace {

// Any number; the same for all programs that share the database.
constexpr std::int64_t kTurnKey = 0x617474756e65;

// A place that SOCI reads a parameter from, or writes a field to.
struct Slot {
  bool is_integer = false;
  long long integer = 0;
  std::string text;
  soci::indicator state = soci::i_ok;
};

// A statement prepared once on its connection, with the places that it is bound to.
struct Prepared {
  std::vector<Slot> inputs, outputs;
  std::unique_ptr<soci::statement> statement;
};

// "a = ? AND b = ?" -> "a = :p1 AND b = :p2": the form that both backends of SOCI take.
std::string with_named_parameters(std::string_view sql) {
  std::string named;
  int count = 0;
  for (char c : sql) {
    if (c == '?') {
      named += fmt::format(":p{}", ++count);
    } else {
      named += c;
    }
  }
  return named;
}

bool can_hold(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr || (text->find('\0') == std::string::npos &&
                             find_invalid_utf8(*text) == std::string_view::npos);
}

void bind(Prepared& prepared) {
  for (Slot& input : prepared.inputs) {
    if (input.is_integer) {
      prepared.statement->exchange(soci::use(input.integer, input.state));
    } else {
      prepared.statement->exchange(soci::use(input.text, input.state));
    }
  }
  for (Slot& output : prepared.outputs) {
    if (output.is_integer) {
      prepared.statement->exchange(soci::into(output.integer, output.state));
    } else {
      prepared.statement->exchange(soci::into(output.text, output.state));
    }
  }
}

void set_inputs(Prepared& prepared, const std::vector<Value>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Slot& input = prepared.inputs[i];
    input.state = soci::i_ok;
    if (const auto* integer = std::get_if<std::int64_t>(&parameters[i])) {
      input.integer = *integer;
    } else if (const auto* text = std::get_if<std::string>(&parameters[i])) {
      input.text = *text;
    } else {
      input.state = soci::i_null;
    }
  }
}

Row take_row(const Prepared& prepared) {
  Row row;
  row.fields.reserve(prepared.outputs.size());
  for (const Slot& output : prepared.outputs) {
    if (output.state == soci::i_null) {
      row.fields.emplace_back();
    } else if (output.is_integer) {
      row.fields.emplace_back(std::int64_t{output.integer});
    } else {
      row.fields.emplace_back(output.text);
    }
  }
  return row;
}

}  // namespace

struct Connection::State {
  bool is_postgresql = false;
  std::string name;  // for messages: without a password
  std::function<std::int64_t()> clock;
  std::unique_ptr<soci::session> session;
  // Keyed by the SQL and the kinds of its parameters: SOCI binds a type once.
  std::unordered_map<std::string, std::unique_ptr<Prepared>> prepared;
  bool broken = false;
  bool retry = false;

  Prepared& prepare(std::string_view sql, const std::vector<Value>& parameters,
                    std::string_view columns) {
    std::string key(sql);
    key += '|';
    for (const Value& value : parameters) {
      key += std::holds_alternative<std::int64_t>(value) ? 'i' : 't';
    }
    std::unique_ptr<Prepared>& found = prepared[key];
    if (found) return *found;
    found = std::make_unique<Prepared>();
    found->inputs.resize(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      found->inputs[i].is_integer = std::holds_alternative<std::int64_t>(parameters[i]);
    }
    found->outputs.resize(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i)
      found->outputs[i].is_integer = columns[i] == 'i';
    try {
      found->statement = std::make_unique<soci::statement>(*session);
      bind(*found);
      found->statement->alloc();
      found->statement->prepare(with_named_parameters(sql));
      found->statement->define_and_bind();
    } catch (...) {
      prepared.erase(key);
      throw;
    }
    return *found;
  }

  // Says what went wrong, without the values of parameters: they may be secrets.
  Failure failure(const soci::soci_error& error, std::string_view sql) {
    prepared.clear();
    retry = false;
    std::string fix = "look at the disk of the database: its space, its permissions";
    if (is_postgresql) {
      auto* backend = static_cast<soci::postgresql_session_backend*>(session->get_backend());
      broken = broken || PQstatus(backend->conn_) == CONNECTION_BAD;
      if (const auto* detail = dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
        std::string code = detail->sqlstate();
        retry = code == "40001" || code == "40P01" || code == "55P03";
        broken = broken || code.starts_with("08") || code.starts_with("57P");
      }
      fix = "look whether the PostgreSQL server runs and lets this user in";
    } else if (const auto* detail = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
      int code = detail->result() & 0xff;
      retry = code == SQLITE_BUSY || code == SQLITE_LOCKED;
      if (retry) fix = "another process held the database for too long; see attune doctor";
      if (code == SQLITE_FULL) fix = "free space on the disk of the database";
      if (code == SQLITE_CORRUPT) fix = "see attune doctor for the damage; restore a copy";
    }
    // PostgreSQL tells values in the lines that follow the first.
    std::string message = error.get_error_message();
    message = message.substr(0, message.find('\n'));
    return environment_failure({.where = name,
                                .found = fmt::format("{} (at: {})", message, sql.substr(0, 60)),
                                .fix = fix});
  }

  // Runs `work`, which talks to SOCI, and turns its exceptions into errors.
  template <typename Work>
  auto guard(std::string_view sql, Work&& work) -> Result<decltype(work())> {
    try {
      return work();
    } catch (const soci::soci_error& error) {
      return failure(error, sql);
    } catch (const std::exception& error) {
      broken = true;
      prepared.clear();
      return environment_failure({.where = name, .found = error.what()});
    }
  }
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() {
  if (!state_) return;
  state_->prepared.clear();  // before the session that they belong to
}

Result<Rows> Connection::select(std::string_view sql, const std::vector<Value>& parameters,
                                std::string_view columns) {
  if (!std::all_of(parameters.begin(), parameters.end(), can_hold)) return Rows();
  return state_->guard(sql, [&] {
    Prepared& prepared = state_->prepare(sql, parameters, columns);
    set_inputs(prepared, parameters);
    Rows rows;
    // To the end, so that SQLite's read transaction ends too.
    for (bool more = prepared.statement->execute(true); more; more = prepared.statement->fetch()) {
      rows.push_back(take_row(prepared));
    }
    return rows;
  });
}

Result<std::int64_t> Connection::change(std::string_view sql,
                                        const std::vector<Value>& parameters) {
  if (!std::all_of(parameters.begin(), parameters.end(), can_hold)) {
    return bad_input({.where = "text to be stored",
                      .found = "a NUL character, or bytes that are not UTF-8",
                      .wanted = "UTF-8 text"});
  }
  return state_->guard(sql, [&] {
    Prepared& prepared = state_->prepare(sql, parameters, "");
    set_inputs(prepared, parameters);
    prepared.statement->execute(true);
    return std::int64_t{prepared.statement->get_affected_rows()};
  });
}

Result<void> Connection::run(const std::string& sql) {
  auto done = state_->guard(sql, [&] {
    state_->session->once << sql;
    return true;
  });
  if (!done) return Failure(std::move(done).error());
  return {};
}

Result<std::int64_t> Connection::now() {
  if (state_->clock) return state_->clock();
  if (!state_->is_postgresql) return std::int64_t{std::time(nullptr)};
  ATTUNE_TRY(
      Rows rows,
      select("SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS BIGINT)", {}, "i"));
  return rows.front().integer(0);
}

bool Connection::is_postgresql() const { return state_->is_postgresql; }
std::string Connection::lock_row() const { return state_->is_postgresql ? " FOR UPDATE" : ""; }
std::string Connection::lock_row_or_skip() const {
  return state_->is_postgresql ? " FOR UPDATE SKIP LOCKED" : "";
}

Result<void> Connection::take_turn() {
  if (!state_->is_postgresql) return {};
  return run(fmt::format("SELECT pg_advisory_xact_lock({})", kTurnKey));
}

Result<void> Connection::begin() {
  return run(state_->is_postgresql ? "BEGIN" : "BEGIN IMMEDIATE");
}
Result<void> Connection::commit() { return run("COMMIT"); }

void Connection::roll_back() {
  bool retry = state_->retry;
  if (!run("ROLLBACK")) state_->broken = true;
  state_->retry = retry;
}

bool Connection::is_broken() const { return state_->broken; }
bool Connection::should_retry() const { return state_->retry; }

// ---- opening ----

namespace {

std::vector<std::string> first_words(bool is_postgresql, std::int64_t busy_seconds) {
  if (is_postgresql) {
    // The server, too, lets go of a client that vanished in the middle of a transaction.
    return {"SET client_min_messages = warning",
            "SET tcp_keepalives_idle = 5",
            "SET tcp_keepalives_interval = 2",
            "SET tcp_keepalives_count = 3",
            "SET idle_in_transaction_session_timeout = '20s'",
            fmt::format("SET lock_timeout = '{}s'", busy_seconds)};
  }
  return {fmt::format("PRAGMA busy_timeout = {}", busy_seconds * 1000), "PRAGMA journal_mode = WAL",
          // FULL: what was answered "done" is on disk, also after a power cut. NORMAL would lose
          // the last commits then (never break the file). Writes are few; reads pay nothing.
          "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"};
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const DatabaseAddress& address,
                                                     const DatabaseOptions& options) {
  auto state = std::make_unique<Connection::State>();
  state->is_postgresql = address.is_postgresql;
  state->name = address.name;
  state->clock = options.clock;
  try {
    state->session = address.is_postgresql
                         ? std::make_unique<soci::session>(soci::postgresql, address.target)
                         : std::make_unique<soci::session>(soci::sqlite3, address.target);
  } catch (const std::exception& error) {
    return environment_failure(
        {.where = address.name,
         .found = fmt::format("the database can't be opened: {}", error.what()),
         .fix = address.is_postgresql ? "look whether the server runs and lets this user in"
                                      : "check that the file is a database that may be written"});
  }
  std::unique_ptr<Connection> connection(new Connection(std::move(state)));
  for (const std::string& words : first_words(address.is_postgresql, options.busy_seconds)) {
    auto done = connection->run(words);
    // The first change to WAL does not wait for another process that makes it too.
    for (int round = 1; !done && connection->should_retry() && round <= 50; ++round) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      done = connection->run(words);
    }
    if (!done) return Failure(std::move(done).error());
  }
  return connection;
}

}  // namespace attune::jobs
