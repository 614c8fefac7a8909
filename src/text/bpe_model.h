// Byte-pair encoding: a word starts as characters (or bytes) and the pair with the lowest rank is
// merged, leftmost first, until no pair is left. Words of any length cost O(n log n).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "text/tokenizer_json.h"

namespace attune::text {

// What the "model" object of tokenizer.json says.
struct BpeDescription {
  std::vector<std::pair<std::string, std::int32_t>> vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  // in order of rank
  std::optional<std::string> unknown_token;
  std::string continuing_prefix;
  std::string word_suffix;
  bool byte_level = false;  // entries are written in the byte-level alphabet
  bool byte_fallback = false;
  bool fuse_unknown = false;
  bool ignore_merges = false;
};

Result<BpeDescription> read_bpe_description(const TokenizerJson& model, std::string_view where);

class BpeModel {
 public:
  // `control` holds the ids that text must never become; merges and whole words that would make one
  // are left out.
  static Result<BpeModel> create(BpeDescription description,
                                 const std::unordered_set<std::int32_t>& control,
                                 std::string_view where);

  // Appends the tokens of one word. Safe from several threads.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

 private:
  struct Merge {
    std::int32_t rank;
    std::int32_t id;
  };
  // Open addressing from a pair of ids to its merge; read-only after loading.
  class MergeTable {
   public:
    void reserve(std::size_t count);
    void insert(std::uint64_t pair, Merge merge);  // a pair named twice has its last rank
    const Merge* find(std::uint64_t pair) const;

   private:
    struct Slot {
      std::uint64_t pair = ~std::uint64_t{0};
      Merge merge{};
    };
    std::vector<Slot> slots_;
    std::uint64_t mask_ = 0;
  };
  struct Cache;

  Result<void> add_merges(const std::vector<std::pair<std::string, std::string>>& merges,
                          const std::unordered_set<std::int32_t>& control, std::string_view where);
  std::vector<std::int32_t> first_symbols(std::string_view word) const;
  void add_unknown(std::vector<std::int32_t>& symbols, bool& last_unknown) const;
  bool add_bytes(std::string_view character, std::vector<std::int32_t>& symbols) const;
  void encode_uncached(std::string_view word, std::vector<std::int32_t>& ids) const;
  void merge_short(std::vector<std::int32_t>& symbols) const;
  void merge_long(std::vector<std::int32_t>& symbols) const;
  const Merge* merge_of(std::int32_t left, std::int32_t right) const;

  bool byte_level_ = false;
  bool byte_fallback_ = false;
  bool fuse_unknown_ = false;
  bool ignore_merges_ = false;
  std::string continuing_prefix_;
  std::string word_suffix_;
  std::int32_t unknown_ = -1;
  std::array<std::int32_t, 256>
      byte_ids_{};  // of single bytes: the alphabet, or <0xNN>; -1 when missing
  std::unordered_map<std::string, std::int32_t> vocabulary_;  // keys are bytes when byte_level_
  MergeTable merges_;
  std::shared_ptr<Cache> cache_;
};

}  // namespace attune::text
