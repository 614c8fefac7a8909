#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iterator>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include "base/redact.h"

namespace attune {

namespace {

using Line = fmt::memory_buffer;

void append(Line& line, std::string_view text) {
  line.append(text.data(), text.data() + text.size());
}

// How many bytes the well-formed UTF-8 sequence at text[at] has; 0: it is not well formed.
std::size_t sequence_bytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t offset) {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0u;
  };
  const auto follows = [&](std::size_t offset, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(offset) >= low && byte(offset) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// The text between the quotes of a JSON string. What a client sent may be anything: bytes that are
// not UTF-8 become U+FFFD, so that a line is always one JSON document.
void append_escaped(Line& line, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
      ++at;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned>(c));
      ++at;
    } else if (const std::size_t bytes = sequence_bytes(text, at); bytes > 0) {
      append(line, text.substr(at, bytes));
      at += bytes;
    } else {
      append(line, "\xef\xbf\xbd");
      ++at;
    }
  }
}

void append_string(Line& line, std::string_view text) {
  line.push_back('"');
  append_escaped(line, text);
  line.push_back('"');
}

void append_clean_string(Line& line, std::string_view text) {
  line.push_back('"');
  append_escaped(line, holds_secret(text) ? redact(text) : text);
  line.push_back('"');
}

void append_value(Line& line, std::string_view name, const LogValue& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    append_clean_string(line, is_secret_name(name) ? kRedacted : *text);
  } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(line), "{}", *whole);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    if (std::isfinite(*real)) {
      fmt::format_to(std::back_inserter(line), "{}", *real);
    } else {
      append(line, "null");
    }
  } else {
    append(line, std::get<bool>(field.value) ? "true" : "false");
  }
}

std::string_view severity_text(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return "DEBUG";
    case Severity::info:
      return "INFO";
    case Severity::warning:
      return "WARN";
    case Severity::error:
      return "ERROR";
  }
  return "INFO";
}

// The "Resource" of every line, made once.
std::string resource_json(const LogOptions& options) {
  Line line;
  append(line, "{\"service.name\":\"attune\"");
  for (const auto& [name, value] : options.resource) {
    line.push_back(',');
    append_string(line, name);
    line.push_back(':');
    append_string(line, value);
  }
  fmt::format_to(std::back_inserter(line), ",\"process.pid\":{}}}", ::getpid());
  return fmt::to_string(line);
}

spdlog::sink_ptr make_sink(const LogOptions& options) {
  if (options.destination == "stdout") return std::make_shared<spdlog::sinks::stdout_sink_mt>();
  if (options.destination == "stderr") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
      options.destination,
      static_cast<std::size_t>(std::max<std::int64_t>(1, options.rotate_bytes)),
      static_cast<std::size_t>(std::clamp<std::int64_t>(options.rotate_files, 1, 1000)));
}

// Counts the lines that came out of the queue, for flush().
class CountingSink final : public spdlog::sinks::sink {
 public:
  explicit CountingSink(spdlog::sink_ptr inner) : inner_(std::move(inner)) {}
  void log(const spdlog::details::log_msg& message) override {
    inner_->log(message);
    inner_->flush();
    written_.fetch_add(1);
  }
  void flush() override { inner_->flush(); }
  void set_pattern(const std::string& pattern) override { inner_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    inner_->set_formatter(std::move(formatter));
  }
  std::int64_t written() const { return written_.load(); }

 private:
  spdlog::sink_ptr inner_;
  std::atomic<std::int64_t> written_{0};
};

}  // namespace

struct Log::State {
  LogForm form = LogForm::json;
  std::string resource;
  std::shared_ptr<CountingSink> sink;
  std::atomic<std::int64_t> posted{0};
  std::shared_ptr<spdlog::details::thread_pool> thread;
  std::shared_ptr<spdlog::async_logger> logger;  // null: destination "none"
};

Log::Log(std::unique_ptr<State> state, Severity least) : state_(std::move(state)), least_(least) {}

Log::~Log() {
  state_->logger.reset();
  state_->thread.reset();  // writes what is queued, then ends
}

Result<std::unique_ptr<Log>> Log::open(const LogOptions& options) {
  auto state = std::make_unique<State>();
  state->form = options.form;
  state->resource = resource_json(options);
  if (options.destination != "none") {
    try {
      state->sink = std::make_shared<CountingSink>(make_sink(options));
      state->thread = std::make_shared<spdlog::details::thread_pool>(
          static_cast<std::size_t>(std::max<std::int64_t>(16, options.queue_lines)), 1);
    } catch (const std::exception& fault) {
      return environment_failure(
          {.where = options.destination,
           .found = fmt::format("the log cannot be opened ({})", fault.what()),
           .wanted = "a file that this user may write",
           .fix = "name another file, or stderr"});
    }
    state->logger = std::make_shared<spdlog::async_logger>(
        "attune", state->sink, state->thread, spdlog::async_overflow_policy::overrun_oldest);
    state->logger->set_pattern("%v");
    state->logger->set_level(spdlog::level::trace);
    state->logger->set_error_handler(
        [](const std::string&) {});  // a full disk must not fill stderr
  }
  return std::unique_ptr<Log>(new Log(std::move(state), options.least));
}

namespace {

void write_json(Line& line, std::chrono::system_clock::time_point now, Severity severity,
                std::string_view body, std::span<const LogField> fields,
                std::string_view resource) {
  const auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  fmt::format_to(std::back_inserter(line),
                 "{{\"Timestamp\":\"{}\",\"SeverityText\":\"{}\",\"SeverityNumber\":{},\"Body\":",
                 nanoseconds, severity_text(severity), static_cast<int>(severity));
  append_clean_string(line, body);
  append(line, ",\"Attributes\":{");
  bool first = true;
  for (const LogField& field : fields) {
    if (!first) line.push_back(',');
    first = false;
    append_string(line, field.name);
    line.push_back(':');
    append_value(line, field.name, field.value);
  }
  line.push_back('}');
  append(line, ",\"Resource\":");
  append(line, resource);
  line.push_back('}');
}

void write_text(Line& line, std::chrono::system_clock::time_point now, Severity severity,
                std::string_view body, std::span<const LogField> fields) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  fmt::format_to(std::back_inserter(line), "{:%Y-%m-%d %H:%M:%S} {:<5} ", local,
                 severity_text(severity));
  append_escaped(line, redact(body));
  for (const LogField& field : fields) {
    line.push_back(' ');
    append(line, field.name);
    line.push_back('=');
    append_value(line, field.name, field.value);
  }
}

}  // namespace

void Log::write(Severity severity, std::string_view body, std::span<const LogField> fields) {
  if (!wants(severity) || !state_->logger) return;
  Line line;
  const auto now = std::chrono::system_clock::now();
  if (state_->form == LogForm::json) {
    write_json(line, now, severity, body, fields, state_->resource);
  } else {
    write_text(line, now, severity, body, fields);
  }
  state_->posted.fetch_add(1);
  state_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void Log::flush() {
  if (!state_->logger) return;
  const std::int64_t posted = state_->posted.load();
  while (state_->sink->written() + dropped() < posted)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::int64_t Log::dropped() const {
  return state_->thread ? static_cast<std::int64_t>(state_->thread->overrun_counter()) : 0;
}

}  // namespace attune
