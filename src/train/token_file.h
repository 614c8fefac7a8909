// A text source in tokens, on disk, mapped into memory: tokenised once, trained from in place.
//
//   "ATTUNETK" | u64 format | u64 key | u64 documents D | u64 tokens N
//   | u64 start[D + 1] (counted in tokens) | i64 row[D] | i32 id[N] | f32 weight[N]
//   | u64 XXH3 of all before
//
// All little-endian. `key` says what the tokens were made from; a file with another key is made
// anew.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace attune::train {

// Tokens of many documents, one after the other.
struct TokenisedText {
  std::vector<std::int32_t> ids;
  std::vector<float> weights;  // one a token: how much it counts as a target
  std::vector<std::uint64_t> starts = {0};
  std::vector<std::int64_t> rows;  // where each document came from

  void add(std::int64_t row, std::span<const std::int32_t> document,
           std::span<const float> document_weights);
};

class TokenFile {
 public:
  static Result<void> write(const Path& path, std::uint64_t key, const TokenisedText& text);
  // Refuses a file that is damaged or has another key.
  static Result<TokenFile> open(const Path& path, std::uint64_t key);

  std::int64_t documents() const { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t tokens() const { return static_cast<std::int64_t>(ids_.size()); }
  std::span<const std::int32_t> document(std::int64_t index) const;
  std::span<const float> weights(std::int64_t index) const;
  std::int64_t row(std::int64_t index) const { return rows_[static_cast<std::size_t>(index)]; }

 private:
  explicit TokenFile(MappedFile file) : file_(std::move(file)) {}
  MappedFile file_;
  std::span<const std::uint64_t> starts_;
  std::span<const std::int64_t> rows_;
  std::span<const std::int32_t> ids_;
  std::span<const float> weights_;
};

}  // namespace attune::train
