#include "jobs/blobs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/narrow.h"
#include "io/sha256.h"

namespace attune::jobs {

namespace {

constexpr std::size_t kDigestCharacters = 64;
constexpr std::size_t kPrefixCharacters = 2;
constexpr std::size_t kReadBytes = 256 * 1024;

Failure system_failure(const Path& path, std::string_view action) {
  int reason = errno;
  std::string fix = reason == ENOSPC ? "free space on this disk"
                    : reason == EACCES || reason == EPERM
                        ? "give the server's user the right to write there"
                        : "look at the disk and its mount";
  return environment_failure({.where = path.string(),
                              .found = fmt::format("{}: {}", action, std::strerror(reason)),
                              .fix = fix});
}

// Takes flock(`mode`) on the folder's lock file; -1 if it is held otherwise.
Result<int> take_lock(const Path& folder, int mode) {
  Path path = folder / "lock";
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return system_failure(path, "can't be opened");
  while (::flock(descriptor, mode) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) {
      ::close(descriptor);
      return -1;
    }
    Failure failure = system_failure(path, "can't be locked");
    ::close(descriptor);
    return failure;
  }
  return descriptor;
}

Result<void> flush_folder(const Path& folder) {
  int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_failure(folder, "can't be opened");
  int outcome = ::fsync(descriptor);
  ::close(descriptor);
  if (outcome != 0) return system_failure(folder, "can't be flushed to disk");
  return {};
}

}  // namespace

bool is_digest(std::string_view text) {
  return text.size() == kDigestCharacters &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct BlobWriter::State {
  Path folder;
  Path temporary;
  int descriptor = -1;
  int lock = -1;
  std::int64_t bytes = 0;
  Sha256 hash;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (descriptor >= 0) ::close(descriptor);
    if (!temporary.empty()) ::unlink(temporary.c_str());
    if (lock >= 0) ::close(lock);
  }
};

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;
BlobWriter::~BlobWriter() = default;

std::int64_t BlobWriter::bytes() const { return state_->bytes; }

Result<void> BlobWriter::write(std::string_view bytes) {
  state_->hash.add(bytes);
  while (!bytes.empty()) {
    ssize_t written = ::write(state_->descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(state_->temporary, "can't be written");
    state_->bytes += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> BlobWriter::commit() {
  State& state = *state_;
  if (::fsync(state.descriptor) != 0) {
    return system_failure(state.temporary, "can't be flushed to disk");
  }
  ATTUNE_TRY(state.lock, take_lock(state.folder, LOCK_SH));
  std::string digest = state.hash.finish();
  Path shelf = state.folder / digest.substr(0, kPrefixCharacters);
  ATTUNE_TRY_VOID(ensure_directory(shelf));
  // Also over an equal file: the newer one is certainly whole, and its time says "in use".
  Path target = shelf / digest;
  if (::rename(state.temporary.c_str(), target.c_str()) != 0) {
    return system_failure(target, "can't be put in place");
  }
  state.temporary.clear();
  ATTUNE_TRY_VOID(flush_folder(shelf));
  ATTUNE_TRY_VOID(flush_folder(state.folder));
  return digest;
}

BlobLock::BlobLock(BlobLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

BlobLock::~BlobLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<BlobStore> BlobStore::open(const Path& folder) {
  ATTUNE_TRY_VOID(ensure_directory(folder / "incoming"));
  return BlobStore(folder);
}

Result<BlobWriter> BlobStore::open_writer() const {
  static std::atomic<std::uint64_t> counter{0};
  auto state = std::make_unique<BlobWriter::State>();
  state->folder = folder_;
  state->temporary = folder_ / "incoming" / fmt::format("{}.{}.XXXXXX", ::getpid(), ++counter);
  std::string name = state->temporary.string();
  state->descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (state->descriptor < 0) {
    Failure failure = system_failure(state->temporary, "can't be created");
    state->temporary.clear();
    return failure;
  }
  state->temporary = name;
  return BlobWriter(std::move(state));
}

Path BlobStore::path(std::string_view digest) const {
  return folder_ / digest.substr(0, kPrefixCharacters) / digest;
}

bool BlobStore::contains(std::string_view digest) const {
  std::error_code ignored;
  return is_digest(digest) && std::filesystem::is_regular_file(path(digest), ignored);
}

Result<bool> BlobStore::is_intact(std::string_view digest) const {
  Path file = path(digest);
  int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return false;
  if (descriptor < 0) return system_failure(file, "can't be opened");
  Sha256 hash;
  std::string buffer(kReadBytes, '\0');
  while (true) {
    ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      Failure failure = system_failure(file, "can't be read");
      ::close(descriptor);
      return failure;
    }
    if (count == 0) break;
    hash.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
  }
  ::close(descriptor);
  return hash.finish() == digest;
}

Result<std::unique_ptr<BlobLock>> BlobStore::try_lock() const {
  ATTUNE_TRY(int descriptor, take_lock(folder_, LOCK_EX | LOCK_NB));
  if (descriptor < 0) return std::unique_ptr<BlobLock>();
  return std::unique_ptr<BlobLock>(new BlobLock(descriptor));
}

Result<void> BlobStore::remove(std::string_view digest) const {
  if (!is_digest(digest)) return {};
  Path file = path(digest);
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
    return system_failure(file, "can't be removed");
  }
  return {};
}

Result<std::vector<BlobOnDisk>> BlobStore::list() const {
  std::vector<BlobOnDisk> blobs;
  std::error_code failure;
  for (std::filesystem::directory_iterator shelf(folder_, failure), end; shelf != end && !failure;
       shelf.increment(failure)) {
    if (shelf->path().filename().string().size() != kPrefixCharacters) continue;
    for (std::filesystem::directory_iterator file(shelf->path(), failure); file != end && !failure;
         file.increment(failure)) {
      struct stat facts {};
      std::string name = file->path().filename().string();
      if (!is_digest(name) || ::stat(file->path().c_str(), &facts) != 0) continue;
      blobs.push_back({name, facts.st_size, facts.st_mtim.tv_sec});
    }
  }
  if (failure) {
    return environment_failure({.where = folder_.string(), .found = failure.message()});
  }
  std::sort(blobs.begin(), blobs.end(),
            [](const BlobOnDisk& a, const BlobOnDisk& b) { return a.digest < b.digest; });
  return blobs;
}

Result<std::int64_t> BlobStore::remove_leftovers(std::int64_t older_than) const {
  std::int64_t removed = 0;
  std::error_code failure;
  for (std::filesystem::directory_iterator file(folder_ / "incoming", failure), end;
       file != end && !failure; file.increment(failure)) {
    struct stat facts {};
    if (::stat(file->path().c_str(), &facts) != 0 || facts.st_mtim.tv_sec >= older_than) continue;
    if (::unlink(file->path().c_str()) == 0) ++removed;
  }
  if (failure) {
    return environment_failure({.where = folder_.string(), .found = failure.message()});
  }
  return removed;
}

}  // namespace attune::jobs
