#include "io/line_log.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace attune {

Failure LineLog::failure(std::string_view action, int error) const {
  return environment_failure(
      {.where = path_.string(),
       .found = fmt::format("{}: {}", action, std::generic_category().message(error)),
       .wanted = "a file that can be written",
       .fix = "check the disk and the permissions, or choose another folder"});
}

LineLog::LineLog(LineLog&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      earlier_(std::move(other.earlier_)) {}

LineLog::~LineLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<LineLog> LineLog::open(const Path& path) {
  LineLog log(path, ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (log.descriptor_ < 0) return log.failure("cannot open it", errno);
  if (::flock(log.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    return bad_input({.where = path.string(),
                      .found = "another run is writing it",
                      .wanted = "one run at a time in a folder",
                      .fix = "wait for it, or choose another --out"});
  }
  ATTUNE_TRY(log.earlier_, read_file(path));
  const std::size_t end = log.earlier_.rfind('\n');
  const std::size_t whole = end == std::string::npos ? 0 : end + 1;
  if (whole != log.earlier_.size() && ::ftruncate(log.descriptor_, static_cast<off_t>(whole)) != 0)
    return log.failure("cannot cut its broken last line", errno);
  log.earlier_.resize(whole);
  return log;
}

Result<void> LineLog::append(std::span<const std::string> lines) {
  std::string bytes;
  for (const std::string& line : lines) bytes += line + "\n";
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failure("cannot write", written < 0 ? errno : ENOSPC);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(descriptor_) != 0 && errno != EINVAL && errno != ENOTSUP)
    return failure("cannot flush to disk", errno);
  return {};
}

Result<void> LineLog::clear() {
  if (::ftruncate(descriptor_, 0) != 0) return failure("cannot empty it", errno);
  earlier_.clear();
  return {};
}

}  // namespace attune
