// The program's log: one JSON object a line, shaped as an OpenTelemetry log record (or plain text,
// for a terminal). Secrets do not reach it: see base/redact.h.
//
//   ATTUNE_TRY(std::unique_ptr<Log> log, Log::open({.destination = "stderr"}));
//   log->info("job created", {{"attune.job.id", job.id}, {"http.request.id", request_id}});
//
//   {"Timestamp":"1750000000123456789","SeverityText":"INFO","SeverityNumber":9,"Body":"job
//   created",
//    "Attributes":{"attune.job.id":"ftjob-...","http.request.id":"req_..."},
//    "Resource":{"service.name":"attune","service.version":"0.1.0","process.pid":4711}}
//
// Writing is cheap and never waits for the disk or for a reader: lines go through a bounded queue
// to a thread of the log's own. When the queue is full, its oldest lines are dropped and counted.
// All methods may be called from any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace attune {

enum class Severity { debug = 5, info = 9, warning = 13, error = 17 };  // OpenTelemetry's numbers

struct LogValue {
  std::variant<std::string_view, std::int64_t, double, bool> value;

  LogValue(std::string_view text) : value(text) {}  // NOLINT(google-explicit-constructor)
  LogValue(const char* text) : value(std::string_view(text)) {}         // NOLINT
  LogValue(const std::string& text) : value(std::string_view(text)) {}  // NOLINT
  template <typename Number>
  requires std::is_arithmetic_v<Number> LogValue(Number number) {  // NOLINT
    if constexpr (std::is_same_v<Number, bool>) {
      value = number;
    } else if constexpr (std::is_floating_point_v<Number>) {
      value = static_cast<double>(number);
    } else {
      value = static_cast<std::int64_t>(number);
    }
  }
};

// A name by OpenTelemetry's conventions ("http.request.method"), or "attune." and words.
struct LogField {
  std::string_view name;
  LogValue value;
};

enum class LogForm { json, text };

struct LogOptions {
  std::string destination = "stderr";  // "stderr", "stdout", "none" or the path of a file
  LogForm form = LogForm::json;
  Severity least = Severity::info;
  // A file that reaches `rotate_bytes` is renamed to NAME.1.EXTENSION and so on, `rotate_files`
  // kept.
  std::int64_t rotate_bytes = std::int64_t{64} << 20;
  std::int64_t rotate_files = 4;
  std::int64_t queue_lines = 8192;
  std::vector<std::pair<std::string, std::string>> resource = {};  // beside service.name and pid
};

class Log {
 public:
  static Result<std::unique_ptr<Log>> open(const LogOptions& options);
  ~Log();  // writes what is queued
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool wants(Severity severity) const { return severity >= least_; }
  void write(Severity severity, std::string_view body, std::span<const LogField> fields);
  void debug(std::string_view body, std::initializer_list<LogField> fields = {}) {
    write(Severity::debug, body, {fields.begin(), fields.size()});
  }
  void info(std::string_view body, std::initializer_list<LogField> fields = {}) {
    write(Severity::info, body, {fields.begin(), fields.size()});
  }
  void warning(std::string_view body, std::initializer_list<LogField> fields = {}) {
    write(Severity::warning, body, {fields.begin(), fields.size()});
  }
  void error(std::string_view body, std::initializer_list<LogField> fields = {}) {
    write(Severity::error, body, {fields.begin(), fields.size()});
  }

  // Returns when all lines so far are written. For tests and for the end of the program.
  void flush();
  std::int64_t dropped() const;

 private:
  struct State;
  Log(std::unique_ptr<State> state, Severity least);
  std::unique_ptr<State> state_;
  Severity least_;
};

}  // namespace attune
