// Keys and values of finished sequences, kept so that a later prompt that begins alike (the next
// turn of a conversation, the same instructions) need not be read again. The least recently used go
// first. Used by the engine's thread alone.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/adapter.h"
#include "model/forward.h"

namespace attune::infer {

class PromptMemory {
 public:
  using AdapterPointer = std::shared_ptr<const model::Adapter>;

  struct Match {
    const model::KvCache* cache = nullptr;  // until the next call that changes the memory
    std::int64_t length = 0;                // so many of the tokens are in its slot 0
  };
  // The longest beginning of `tokens` that is remembered in the scope for the adapter.
  std::optional<Match> find(std::string_view scope, const AdapterPointer& adapter,
                            std::span<const std::int32_t> tokens);
  // `cache` holds `tokens`; `bytes` is its size.
  void keep(std::string scope, const AdapterPointer& adapter, std::vector<std::int32_t> tokens,
            model::KvCache cache, std::int64_t bytes);
  bool drop_oldest();  // false when nothing is kept
  std::int64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string scope;
    std::weak_ptr<const model::Adapter> adapter;  // a deleted adapter's memory is never matched
    std::vector<std::int32_t> tokens;
    model::KvCache cache;
    std::int64_t bytes;

    bool belongs(std::string_view wanted_scope, const AdapterPointer& wanted) const;
    std::int64_t shared(std::span<const std::int32_t> other) const;
  };

  std::list<Entry> entries_;  // the most recently used first
  std::int64_t bytes_ = 0;
};

}  // namespace attune::infer
