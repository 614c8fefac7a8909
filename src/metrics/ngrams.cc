#include "metrics/ngrams.h"

#include <algorithm>
#include <bit>

#include "text/unicode.h"

namespace attune::metrics {

namespace {

// Open addressing from 64-bit keys to places in insertion order, sized for what is to come.
class PlaceTable {
 public:
  explicit PlaceTable(std::size_t most)
      : slots_(std::bit_ceil(std::max<std::size_t>(8, 2 * most)), kFree), keys_(slots_.size()) {}

  void clear() {
    std::fill(slots_.begin(), slots_.end(), kFree);
    size_ = 0;
  }

  std::uint32_t place(std::uint64_t key) {
    constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15ull;
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = static_cast<std::size_t>((key * kGoldenRatio) >> 32) & mask;
    while (slots_[slot] != kFree && keys_[slot] != key) slot = (slot + 1) & mask;
    if (slots_[slot] == kFree) {
      slots_[slot] = size_++;
      keys_[slot] = key;
    }
    return slots_[slot];
  }

  std::uint32_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFFu;
  std::vector<std::uint32_t> slots_;
  std::vector<std::uint64_t> keys_;
  std::uint32_t size_ = 0;
};

// Replaces the numbers of (n-1)-grams in `grams` by those of the n-grams that begin there.
void extend(std::vector<std::uint32_t>& grams, std::span<const std::uint32_t> symbols, int n,
            PlaceTable& table) {
  const auto order = static_cast<std::size_t>(n);
  const std::size_t count = symbols.size() < order ? 0 : symbols.size() - order + 1;
  grams.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    grams[i] = table.place(std::uint64_t{grams[i]} << 32 | symbols[i + order - 1]);
  }
}

}  // namespace

std::uint32_t Vocabulary::symbol(std::string_view token) {
  if (const auto found = numbers_.find(token); found != numbers_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(numbers_.size());
  numbers_.emplace(token, number);
  return number;
}

Symbols Vocabulary::symbols(const Tokens& tokens) {
  Symbols numbers;
  numbers.reserve(tokens.size());
  for (const std::string& token : tokens) numbers.push_back(symbol(token));
  return numbers;
}

Symbols characters(std::string_view text) {
  constexpr std::uint32_t kStrayByte = 0x110000;
  Symbols codes;
  codes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const text::Character character = text::character_at(text, at);
    const auto code = static_cast<std::uint32_t>(character.code);
    codes.push_back(character.valid ? code : kStrayByte + code);
    at += character.bytes;
  }
  return codes;
}

std::vector<NgramOverlap> ngram_overlap(std::span<const std::uint32_t> answer,
                                        std::span<const Symbols> references, int orders) {
  std::vector<NgramOverlap> overlaps(static_cast<std::size_t>(orders));
  std::size_t total = answer.size();
  for (const Symbols& reference : references) total += reference.size();
  PlaceTable table(total);
  std::vector<std::uint32_t> answer_grams(answer.size(), 0);
  std::vector<std::vector<std::uint32_t>> reference_grams;
  for (const Symbols& reference : references) reference_grams.emplace_back(reference.size(), 0);
  std::vector<std::int64_t> in_answer;
  std::vector<std::int64_t> in_references;
  std::vector<std::int64_t> in_one;
  for (int n = 1; n <= orders; ++n) {
    table.clear();
    NgramOverlap& overlap = overlaps[static_cast<std::size_t>(n) - 1];
    extend(answer_grams, answer, n, table);
    overlap.answer = static_cast<std::int64_t>(answer_grams.size());
    for (std::size_t r = 0; r < references.size(); ++r) {
      extend(reference_grams[r], references[r], n, table);
      overlap.reference += static_cast<std::int64_t>(reference_grams[r].size());
    }
    in_answer.assign(table.size(), 0);
    in_references.assign(table.size(), 0);
    for (std::uint32_t gram : answer_grams) ++in_answer[gram];
    for (const std::vector<std::uint32_t>& grams : reference_grams) {
      in_one.assign(table.size(), 0);
      for (std::uint32_t gram : grams) {
        in_references[gram] = std::max(in_references[gram], ++in_one[gram]);
      }
    }
    for (std::size_t i = 0; i < in_answer.size(); ++i) {
      overlap.common += std::min(in_answer[i], in_references[i]);
    }
  }
  return overlaps;
}

std::int64_t longest_common_subsequence(std::span<const std::uint32_t> a,
                                        std::span<const std::uint32_t> b) {
  if (a.size() > b.size()) std::swap(a, b);
  PlaceTable table(a.size() + b.size());
  std::vector<std::uint32_t> columns;
  std::vector<std::uint32_t> rows;
  for (std::uint32_t symbol : a) columns.push_back(table.place(symbol));
  for (std::uint32_t symbol : b) rows.push_back(table.place(symbol));
  constexpr std::size_t kBits = 64;
  std::vector<std::uint64_t> stands_at(table.size(), 0);  // bits of the block where a symbol stands
  std::vector<std::uint8_t> carries(b.size(), 0);         // from the block to the left
  std::int64_t length = 0;
  for (std::size_t begin = 0; begin < columns.size(); begin += kBits) {
    const std::size_t bits = std::min(kBits, columns.size() - begin);
    for (std::size_t i = 0; i < bits; ++i) {
      stands_at[columns[begin + i]] |= std::uint64_t{1} << i;
    }
    // A zero bit marks a place in a where the length so far grows by one.
    std::uint64_t state = ~std::uint64_t{0};
    for (std::size_t j = 0; j < rows.size(); ++j) {
      const std::uint64_t match = state & stands_at[rows[j]];
      const std::uint64_t sum = state + match;
      const std::uint64_t next = sum + carries[j];
      carries[j] = sum < state || next < sum ? 1 : 0;
      state = next | (state - match);
    }
    for (std::size_t i = 0; i < bits; ++i) {
      length += (state >> i & 1u) == 0 ? 1 : 0;
      stands_at[columns[begin + i]] = 0;
    }
  }
  return length;
}

}  // namespace attune::metrics
