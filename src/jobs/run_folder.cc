#include "jobs/run_folder.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace attune::jobs {

namespace {

Failure folder_failure(const Path& path, std::string_view action, int reason) {
  return environment_failure(
      {.where = path.string(),
       .found = fmt::format("cannot {} it: {}", action, std::generic_category().message(reason)),
       .wanted = "a folder that this program may write to, with free space",
       .fix = "free disk space, or check who owns ATTUNE_HOME"});
}

Result<void> flush_folder(const Path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return folder_failure(folder, "open", errno);
  const int failed = ::fsync(descriptor);
  const int reason = errno;
  ::close(descriptor);
  if (failed != 0) return folder_failure(folder, "flush", reason);
  return {};
}

}  // namespace

Result<RunFolder> RunFolder::open(const Path& folder, const std::function<bool()>& may_wait) {
  constexpr std::chrono::milliseconds kPause{50};
  ATTUNE_TRY_VOID(ensure_directory(folder));
  const Path file = folder / "lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock < 0) return folder_failure(file, "open", errno);
  RunFolder opened(folder, lock);
  while (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return folder_failure(file, "lock", errno);
    if (!may_wait()) {
      return environment_failure({.where = folder.string(),
                                  .found = "an earlier worker of this job still uses it",
                                  .wanted = "that worker to end",
                                  .fix = "wait; it ends when it sees that its lease is over"});
    }
    std::this_thread::sleep_for(kPause);
  }
  return opened;
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void forget_checkpoints(const Path& run_folder) {
  std::error_code ignored;
  std::filesystem::remove_all(run_folder / "training" / "checkpoints", ignored);
}

Result<void> move_into_place(const Path& finished, const Path& place) {
  std::error_code error;
  if (std::filesystem::exists(place, error)) {
    std::filesystem::remove_all(finished, error);
    return {};
  }
  ATTUNE_TRY_VOID(flush_folder(finished));
  std::filesystem::rename(finished, place, error);
  if (error) return folder_failure(place, "rename to", error.value());
  return flush_folder(place.parent_path());
}

bool is_disk_full(const Error& error) {
  const auto says = [&](const std::string& words) {
    return error.found.find(words) != std::string::npos;
  };
  return says(std::generic_category().message(ENOSPC)) ||
         says(std::generic_category().message(EDQUOT)) || says("disk is full");
}

}  // namespace attune::jobs
