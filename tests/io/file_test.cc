#include "io/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/temporary_folder.h"

namespace attune {
namespace {

using testing_support::entries_in;
using testing_support::slurp;
using testing_support::TemporaryFolder;

TEST(ReadFile, ReturnsEveryByte) {
  const TemporaryFolder folder;
  const std::string bytes("a\0b\r\n\xFF", 6);
  EXPECT_EQ(read_file(folder.write("x", bytes)).value(), bytes);
  EXPECT_EQ(read_file(folder.write("empty", "")).value(), "");
}

TEST(ReadFile, ReadsFilesWhoseSizeIsNotKnownBefore) {
  EXPECT_FALSE(read_file("/proc/self/status").value().empty());
}

TEST(ReadFile, SaysThatAFileIsMissing) {
  const Result<std::string> text = read_file("/no/such/file.csv");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(text.error().where, "/no/such/file.csv");
  EXPECT_NE(text.error().message().find("no such file"), std::string::npos);
}

TEST(ReadFile, RefusesAFolder) {
  const TemporaryFolder folder;
  ASSERT_FALSE(read_file(folder.path()));
  EXPECT_NE(read_file(folder.path()).error().found.find("folder"), std::string::npos);
}

TEST(EnsureDirectory, CreatesParentsAndAcceptsAnExistingFolder) {
  const TemporaryFolder folder;
  EXPECT_TRUE(ensure_directory(folder.path() / "a/b/c"));
  EXPECT_TRUE(ensure_directory(folder.path() / "a/b/c"));
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "a/b/c"));
}

TEST(EnsureDirectory, RefusesWhereAFileIsInTheWay) {
  const TemporaryFolder folder;
  const Path file = folder.write("x", "1");
  ASSERT_FALSE(ensure_directory(file));
  ASSERT_FALSE(ensure_directory(file / "y"));
  EXPECT_EQ(ensure_directory(file / "y").error().kind, ErrorKind::environment);
}

TEST(WriteFileAtomic, WritesAndReplacesAndLeavesNothingElse) {
  const TemporaryFolder folder;
  const Path path = folder.path() / "x";
  ASSERT_TRUE(write_file_atomic(path, "one"));
  ASSERT_TRUE(write_file_atomic(path, "two"));
  EXPECT_EQ(slurp(path), "two");
  EXPECT_EQ(entries_in(folder.path()), 1);
}

TEST(WriteFileAtomic, KeepsThePermissionsOfTheFileThatItReplaces) {
  const TemporaryFolder folder;
  const Path path = folder.write("x", "one");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(write_file_atomic(path, "two"));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0640u);
}

TEST(WriteFileAtomic, WritesThroughASymbolicLink) {
  const TemporaryFolder folder;
  const Path target = folder.write("target", "one");
  std::filesystem::create_symlink(target, folder.path() / "link");
  ASSERT_TRUE(write_file_atomic(folder.path() / "link", "two"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / "link"));
  EXPECT_EQ(slurp(target), "two");
}

TEST(WriteFileAtomic, NeverReplacesADeviceOrAFolder) {
  const TemporaryFolder folder;
  EXPECT_FALSE(write_file_atomic("/dev/null", "x"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_FALSE(write_file_atomic(folder.path(), "x"));
  EXPECT_FALSE(write_file_atomic(folder.path() / "", "x"));
}

TEST(WriteFileAtomic, SaysThatTheFolderIsMissing) {
  const Result<void> written = write_file_atomic("/no/such/folder/x", "1");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::environment);
  EXPECT_EQ(exit_code(written.error()), 4);
  EXPECT_NE(written.error().fix.find("folder that exists"), std::string::npos);
}

TEST(WriteFileAtomic, SaysThatTheFolderMayNotBeWritten) {
  // /proc refuses new files even to root.
  const Result<void> written = write_file_atomic("/proc/attune_test", "1");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::environment);
  if (::geteuid() == 0) return;  // root may write to a folder without permission bits
  const TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  const Result<void> refused = write_file_atomic(folder.path() / "x", "1");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().fix.find("may write"), std::string::npos);
}

TEST(WriteFileAtomic, AcceptsTheLongestNames) {
  const TemporaryFolder folder;
  const Path path = folder.path() / std::string(255, 'n');
  ASSERT_TRUE(write_file_atomic(path, "1"));
  EXPECT_EQ(slurp(path), "1");
}

// A file size limit makes write() fail half-way without root and without filling a disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_ = nullptr;
};

TEST(WriteFileAtomic, LeavesTheOldContentWhenAWriteFailsHalfWay) {
  const TemporaryFolder folder;
  for (const std::size_t size :
       {std::size_t{10'000}, std::size_t{1'000'000}}) {  // in the buffer, and past it
    const Path path = folder.write("x", "old");
    Result<void> written;
    {
      const FileSizeLimit limit(4096);
      written = write_file_atomic(path, std::string(size, 'n'));
    }
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, ErrorKind::environment);
    EXPECT_EQ(slurp(path), "old");
    EXPECT_EQ(entries_in(folder.path()), 1);
  }
}

TEST(WriteFileAtomic, SaysThatTheDiskIsFullAndLeavesNothing) {
  const TemporaryFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "a small tmpfs cannot be mounted here (needs root)";
  }
  const Path path = folder.write("x", "old");
  const Result<void> written = write_file_atomic(path, std::string(1'000'000, 'n'));
  const std::string content = slurp(path);
  const std::ptrdiff_t entries = entries_in(folder.path());
  ASSERT_EQ(::umount(folder.path().c_str()), 0);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::environment);
  EXPECT_NE(written.error().message().find("No space left"), std::string::npos)
      << written.error().message();
  EXPECT_NE(written.error().fix.find("free some space"), std::string::npos);
  EXPECT_EQ(content, "old");
  EXPECT_EQ(entries, 1);
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  {
    Result<AtomicFile> file = AtomicFile::create(folder.path() / "x");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(std::string(200'000, 'n')));
    EXPECT_EQ(entries_in(folder.path()), 1);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "x"));
  }
  EXPECT_EQ(entries_in(folder.path()), 0);
}

TEST(AtomicFile, JoinsSmallAndLargeWritesInOrder) {
  const TemporaryFolder folder;
  std::string expected;
  Result<AtomicFile> file = AtomicFile::create(folder.path() / "x");
  ASSERT_TRUE(file);
  for (const std::size_t size : {1u, 0u, 70'000u, 3u, 65'536u, 65'535u, 2u, 40'000u, 40'000u}) {
    const std::string part(size, static_cast<char>('a' + size % 26));
    ASSERT_TRUE(file->write(part));
    expected += part;
  }
  AtomicFile moved = std::move(*file);
  ASSERT_TRUE(moved.commit());
  EXPECT_EQ(slurp(folder.path() / "x"), expected);
}

TEST(AtomicFile, RefusesToFinishAfterAFailedWrite) {
  const TemporaryFolder folder;
  Result<AtomicFile> file = AtomicFile::create(folder.path() / "x");
  ASSERT_TRUE(file);
  {
    const FileSizeLimit limit(10);
    ASSERT_FALSE(file->write(std::string(100'000, 'n')));
  }
  EXPECT_FALSE(file->write("more"));
  EXPECT_FALSE(file->commit());
  EXPECT_EQ(entries_in(folder.path()), 0);
}

TEST(MappedFile, ShowsTheBytes) {
  const TemporaryFolder folder;
  Result<MappedFile> mapped = MappedFile::open(folder.write("x", "bytes"));
  ASSERT_TRUE(mapped);
  const MappedFile moved = std::move(*mapped);
  EXPECT_EQ(moved.text(), "bytes");
  EXPECT_EQ(MappedFile::open(folder.write("empty", "")).value().bytes().size(), 0u);
}

TEST(MappedFile, RefusesWhatIsNotAFile) {
  const TemporaryFolder folder;
  EXPECT_FALSE(MappedFile::open(folder.path()));
  EXPECT_FALSE(MappedFile::open("/dev/null"));
  EXPECT_FALSE(MappedFile::open(folder.path() / "none"));
}

}  // namespace
}  // namespace attune
