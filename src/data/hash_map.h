// Values by a 64-bit hash of what they belong to, side by side in memory: for counting hundreds of
// thousands of texts, each of which costs one look instead of a node of its own.
//
//   HashMap<std::int64_t> counts;
//   ++counts[hash_of(text)];
//   for (const std::int64_t count : counts.values()) ...   // in the order in which they came
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace attune::data {

template <typename Value>
class HashMap {
 public:
  std::size_t size() const { return values_.size(); }
  const std::deque<Value>& values() const { return values_; }

  // A new value where there was none.
  Value& operator[](std::uint64_t hash) {
    if (2 * (values_.size() + 1) > slots_.size()) grow();
    Slot& slot = slots_[place_of(hash)];
    if (slot.number == 0) {
      values_.emplace_back();
      slot = {.hash = hash, .number = static_cast<std::uint32_t>(values_.size())};
    }
    return values_[slot.number - 1];
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t number = 0;  // of the value, from 1; 0: free
  };

  // The slot of the hash, or the free one that it would take.
  std::size_t place_of(std::uint64_t hash) const {
    std::size_t at = static_cast<std::size_t>(hash) & (slots_.size() - 1);
    while (slots_[at].number != 0 && slots_[at].hash != hash) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  void grow() {
    constexpr std::size_t kFewest = 64;
    std::vector<Slot> old = std::move(slots_);
    slots_.assign(old.empty() ? kFewest : 4 * old.size(), {});
    for (const Slot& slot : old) {
      if (slot.number != 0) slots_[place_of(slot.hash)] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two of them, at most half of them taken
  std::deque<Value> values_;
};

}  // namespace attune::data
