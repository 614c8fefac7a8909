#include "io/file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attune {

namespace {

constexpr std::size_t kWriteBuffer = std::size_t{1} << 16;

std::string reason(int error) { return std::generic_category().message(error); }

// What the user can do about a failed write.
std::string mend_write(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free some space, or choose a folder on another disk";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a folder that you may write to";
    case ENOENT:
    case ENOTDIR:
      return "choose a folder that exists";
    default:
      return "check the disk, or choose another folder";
  }
}

Failure write_failure(const Path& path, std::string_view action, int error) {
  return environment_failure({.where = path.string(),
                              .found = fmt::format("{}: {}", action, reason(error)),
                              .wanted = "a disk and folder that can be written",
                              .fix = mend_write(error)});
}

Failure read_failure(const Path& path, int error) {
  const std::string found = "cannot read it: " + reason(error);
  if (error == ENOENT || error == ENOTDIR) {
    return bad_input({.where = path.string(),
                      .found = "there is no such file",
                      .wanted = "an existing file",
                      .fix = "check the path"});
  }
  if (error == EISDIR) {
    return bad_input({.where = path.string(),
                      .found = "it is a folder",
                      .wanted = "a file",
                      .fix = "check the path"});
  }
  const bool permission = error == EACCES || error == EPERM;
  return environment_failure(
      {.where = path.string(),
       .found = found,
       .wanted = "a readable file",
       .fix = permission ? "give yourself permission to read it" : "check the disk"});
}

// A descriptor that closes itself, for reading.
class OpenForReading {
 public:
  explicit OpenForReading(const Path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenForReading() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenForReading(const OpenForReading&) = delete;
  OpenForReading& operator=(const OpenForReading&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// Closes and returns 0 or the error. Never retried: after EINTR the state of the descriptor is
// Linux's, closed.
int close_descriptor(int descriptor) {
  return ::close(descriptor) == 0 || errno == EINTR ? 0 : errno;
}

// 0 or the error. Some file systems have no fsync (EINVAL): nothing more can be done there.
int flush_descriptor(int descriptor) {
  while (::fsync(descriptor) != 0) {
    if (errno == EINVAL || errno == ENOTSUP) return 0;
    if (errno != EINTR) return errno;
  }
  return 0;
}

int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Path folder_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

// The file that a write to `path` replaces: through a symbolic link, its target, so that the link
// survives.
Path follow_links(const Path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_symlink(path, ignored)) return path;
  const Path target = std::filesystem::weakly_canonical(path, ignored);
  return target.empty() ? path : target;
}

// A new empty file beside `target`, named after it; permissions follow the umask. The descriptor,
// or -1 and errno.
int create_beside(const Path& target, Path& temporary) {
  static std::atomic<unsigned> counter = 0;
  // A long name is cut so that the temporary name stays below the 255 bytes that file systems
  // allow.
  const std::string stem = target.filename().string().substr(0, 200);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    temporary = folder_of(target) / fmt::format(".{}.{}-{}.tmp", stem, ::getpid(), counter++);
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST)
      return descriptor;  // EEXIST: left by a killed process with our id
  }
  return -1;
}

}  // namespace

Result<std::string> read_file(const Path& path) {
  const OpenForReading file(path);
  struct stat status {};
  if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0)
    return read_failure(path, errno);
  if (S_ISDIR(status.st_mode)) return read_failure(path, EISDIR);
  // The size is only a first guess: pipes have none, and a file may grow.
  std::string text(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)) + 1, '\0');
  std::size_t size = 0;
  while (true) {
    if (size == text.size()) text.resize(std::max<std::size_t>(size * 2, kWriteBuffer));
    const ssize_t got = ::read(file.descriptor(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return read_failure(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

Result<void> ensure_directory(const Path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) return {};
  if (!error) error = std::make_error_code(std::errc::not_a_directory);
  return write_failure(path, "cannot create the folder", error.value());
}

Result<void> write_file_atomic(const Path& path, std::string_view bytes) {
  ATTUNE_TRY(AtomicFile file, AtomicFile::create(path));
  ATTUNE_TRY_VOID(file.write(bytes));
  return file.commit();
}

AtomicFile::AtomicFile(Path path, Path temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, Path())),
      descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)) {}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
  buffer_.clear();
}

Result<AtomicFile> AtomicFile::create(const Path& path) {
  const Path target = follow_links(path);
  struct stat status {};
  if (::stat(target.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    // A rename would replace the folder or device (/dev/null!) by a file.
    return bad_input(
        {.where = path.string(),
         .found = S_ISDIR(status.st_mode) ? "it is a folder" : "it is a device or pipe",
         .wanted = "the path of a regular file to write",
         .fix = "choose another path"});
  }
  if (!target.has_filename()) {
    return bad_input({.where = path.string(),
                      .found = "a path without a file name",
                      .wanted = "the path of a file to write",
                      .fix = "choose another path"});
  }
  const bool replaces = ::stat(target.c_str(), &status) == 0;
  Path temporary;
  const int descriptor = create_beside(target, temporary);
  if (descriptor < 0) return write_failure(path, "cannot create a file in its folder", errno);
  AtomicFile file(target, temporary, descriptor);
  // The permissions of the file that it replaces; where the file system has none, its own are as
  // good.
  if (replaces && ::fchmod(descriptor, status.st_mode & 07777u) != 0 && errno != EPERM &&
      errno != ENOTSUP) {
    return write_failure(path, "cannot set the permissions", errno);
  }
  return file;
}

Result<void> AtomicFile::flush_buffer() {
  const int error = write_all(descriptor_, buffer_);
  buffer_.clear();
  if (error == 0) return {};
  discard();
  return write_failure(path_, "cannot write", error);
}

Result<void> AtomicFile::write(std::string_view bytes) {
  if (descriptor_ < 0) return write_failure(path_, "cannot write after an earlier failure", EBADF);
  if (buffer_.size() + bytes.size() > kWriteBuffer) ATTUNE_TRY_VOID(flush_buffer());
  if (bytes.size() < kWriteBuffer) {
    buffer_.append(bytes);
    return {};
  }
  if (const int error = write_all(descriptor_, bytes); error != 0) {
    discard();
    return write_failure(path_, "cannot write", error);
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (descriptor_ < 0) return write_failure(path_, "cannot finish after an earlier failure", EBADF);
  ATTUNE_TRY_VOID(flush_buffer());
  const auto fail = [&](std::string_view action, int error) {
    discard();
    return write_failure(path_, action, error);
  };
  if (const int error = flush_descriptor(descriptor_); error != 0)
    return fail("cannot flush to disk", error);
  // close() too can report that the disk is full (NFS).
  if (const int error = close_descriptor(std::exchange(descriptor_, -1)); error != 0)
    return fail("cannot close", error);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    return fail("cannot replace the file", errno);
  temporary_.clear();

  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return {};  // a folder that may be written but not read: the rename is done, only not yet
                // flushed
  const int error = flush_descriptor(folder);
  close_descriptor(folder);
  if (error != 0) return write_failure(path_, "cannot flush its folder to disk", error);
  return {};
}

Result<MappedFile> MappedFile::open(const Path& path) {
  const OpenForReading file(path);
  struct stat status {};
  if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0)
    return read_failure(path, errno);
  if (S_ISDIR(status.st_mode)) return read_failure(path, EISDIR);
  if (!S_ISREG(status.st_mode)) {
    return bad_input(
        {.where = path.string(), .found = "it is a device or pipe", .wanted = "a regular file"});
  }
  if (status.st_size == 0) return MappedFile(nullptr, 0);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (data == MAP_FAILED) return read_failure(path, errno);
  return MappedFile(static_cast<const std::byte*>(data), size);
}

void MappedFile::give_back(std::size_t end) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t pages = std::min(end, size_) / page * page;
  // Nothing depends on it: at worst the pages stay.
  if (pages > 0) ::madvise(const_cast<std::byte*>(data_), pages, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace attune
