// Files: reading whole, mapping, and writing so that a reader sees the old content or the new,
// never a part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace attune {

using Path = std::filesystem::path;

Result<std::string> read_file(const Path& path);
Result<void> ensure_directory(const Path& path);

// Writes to a temporary file in the same folder, flushes it to disk, renames it over `path`,
// flushes the folder. On any failure (disk full, no permission) `path` is as it was and the
// temporary file is gone.
Result<void> write_file_atomic(const Path& path, std::string_view bytes);

// The streaming form: write() any number of times, then commit(). Destroyed without commit():
// nothing is left.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const Path& path);
  Result<void> write(std::string_view bytes);
  Result<void> commit();

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

 private:
  AtomicFile(Path path, Path temporary, int descriptor);
  Result<void> flush_buffer();
  void discard();
  Path path_;
  Path temporary_;
  int descriptor_;      // -1 after commit or failure
  std::string buffer_;  // small writes gather here
};

// A file in memory, read-only, paged in by the kernel on use.
class MappedFile {
 public:
  static Result<MappedFile> open(const Path& path);
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  // The bytes before `end` leave this process's memory; reading them brings them back. For one pass
  // over a file that is larger than the memory.
  void give_back(std::size_t end) const;

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace attune
