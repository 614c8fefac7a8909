// Contents of files on disk, named by their SHA-256: equal contents are stored once, a name never
// changes its content, and a file appears whole or not at all.
//
//   ATTUNE_TRY(BlobStore blobs, BlobStore::open(home.blobs()));
//   ATTUNE_TRY(BlobWriter writer, blobs.open_writer());
//   ATTUNE_TRY_VOID(writer.write(bytes));                  // any number of times
//   ATTUNE_TRY(std::string digest, writer.commit());       // flushed to disk and renamed
//   ATTUNE_TRY_VOID(store.add_file(tenant, file, digest)); // while `writer` is alive: see below
//
// Who refers to a blob is in the database (Store). A blob that nobody refers to is removed by
// collect_blobs (store.h), never by hand. Between commit() and the record of the reference, the
// writer's shared lock on the folder keeps the collector away, across processes; so let the writer
// live until the reference is recorded.
//
//   blobs/ab/abcdef...   content of digest abcdef... (64 hexadecimal digits)
//   blobs/incoming/      files being written; leftovers of a crash are removed by check
//   blobs/lock           held shared by writers and exclusively by the collector
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace attune::jobs {

class BlobWriter {
 public:
  Result<void> write(std::string_view bytes);
  // The digest of what was written. On failure (disk full) nothing is left.
  Result<std::string> commit();
  std::int64_t bytes() const;

  BlobWriter(BlobWriter&&) noexcept;
  BlobWriter& operator=(BlobWriter&&) = delete;
  ~BlobWriter();  // without commit(): nothing is left

 private:
  friend class BlobStore;
  struct State;
  explicit BlobWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Holds the exclusive lock of a blob folder until destroyed.
class BlobLock {
 public:
  BlobLock(BlobLock&& other) noexcept;
  BlobLock& operator=(BlobLock&&) = delete;
  ~BlobLock();

 private:
  friend class BlobStore;
  explicit BlobLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

struct BlobOnDisk {
  std::string digest;
  std::int64_t bytes = 0;
  std::int64_t changed_at = 0;
};

class BlobStore {
 public:
  static Result<BlobStore> open(const Path& folder);  // made if absent

  Result<BlobWriter> open_writer() const;
  // Where the content lies; the file exists if the digest is stored.
  Path path(std::string_view digest) const;
  bool contains(std::string_view digest) const;
  // Reads the content again and compares its SHA-256 with its name.
  Result<bool> is_intact(std::string_view digest) const;

  // For the collector and the check. The lock is refused (no value) while a writer holds its own.
  Result<std::unique_ptr<BlobLock>> try_lock() const;
  Result<void> remove(std::string_view digest) const;  // absent is no error
  Result<std::vector<BlobOnDisk>> list() const;
  // Removes what crashed writers left in incoming/ before `older_than`; says how many.
  Result<std::int64_t> remove_leftovers(std::int64_t older_than) const;

 private:
  explicit BlobStore(Path folder) : folder_(std::move(folder)) {}
  Path folder_;
};

// 64 lower-case hexadecimal digits: the name of a blob. Anything else is no digest (and no path).
bool is_digest(std::string_view text);

}  // namespace attune::jobs
