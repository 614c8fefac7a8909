#include "train/run_log.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "io/json.h"

namespace attune::train {

namespace {

// The lines up to last_step. A line that is no step (torn by a crash) ends the part that is kept.
std::string kept_lines(std::string_view text, std::int64_t last_step) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto json = parse_json(line, "train_log.jsonl");
    if (!json || !json->is_object()) break;
    const auto step = json->find("step");
    if (step == json->end() || !step->is_number_integer()) break;
    if (step->get<std::int64_t>() > last_step) break;
    kept.append(line);
    kept.push_back('\n');
  }
  return kept;
}

Failure log_failure(const Path& path, std::string_view action, int reason) {
  return environment_failure({.where = path.string(),
                              .found = fmt::format("cannot {}: {}", action, std::strerror(reason)),
                              .wanted = "a file that this program may append to",
                              .fix = "free disk space or choose another --out"});
}

}  // namespace

Result<RunLog> RunLog::open(const Path& path, std::int64_t last_step) {
  ATTUNE_TRY_VOID(ensure_directory(path.parent_path()));
  std::string kept;
  std::error_code ignored;
  if (last_step > 0 && std::filesystem::exists(path, ignored)) {
    ATTUNE_TRY(const std::string text, read_file(path));
    kept = kept_lines(text, last_step);
  }
  ATTUNE_TRY_VOID(write_file_atomic(path, kept));
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor < 0) return log_failure(path, "open", errno);
  return RunLog(path, descriptor);
}

Result<void> RunLog::append(std::string_view line) {
  std::string whole(line);
  whole.push_back('\n');
  std::string_view rest = whole;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return log_failure(path_, "write", errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> RunLog::flush() {
  if (::fdatasync(descriptor_) != 0) return log_failure(path_, "flush", errno);
  return {};
}

RunLog::RunLog(RunLog&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLog::~RunLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace attune::train
