#include "infer/prompt_memory.h"

#include <algorithm>

namespace attune::infer {

bool PromptMemory::Entry::belongs(std::string_view wanted_scope,
                                  const AdapterPointer& wanted) const {
  return scope == wanted_scope && !adapter.owner_before(wanted) && !wanted.owner_before(adapter);
}

std::int64_t PromptMemory::Entry::shared(std::span<const std::int32_t> other) const {
  const auto [mismatch, unused] =
      std::mismatch(tokens.begin(), tokens.end(), other.begin(), other.end());
  return mismatch - tokens.begin();
}

std::optional<PromptMemory::Match> PromptMemory::find(std::string_view scope,
                                                      const AdapterPointer& adapter,
                                                      std::span<const std::int32_t> tokens) {
  auto best = entries_.end();
  std::int64_t length = 0;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (!entry->belongs(scope, adapter)) continue;
    const std::int64_t shared = entry->shared(tokens);
    if (shared > length) best = entry, length = shared;
  }
  if (best == entries_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, best);
  return Match{.cache = &best->cache, .length = length};
}

void PromptMemory::keep(std::string scope, const AdapterPointer& adapter,
                        std::vector<std::int32_t> tokens, model::KvCache cache,
                        std::int64_t bytes) {
  const std::int64_t length = std::ssize(tokens);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const std::int64_t shared = entry->belongs(scope, adapter) ? entry->shared(tokens) : -1;
    if (shared == length) return;  // a longer one says as much
    if (shared == std::ssize(entry->tokens)) {
      bytes_ -= entry->bytes;
      entry = entries_.erase(entry);
    } else {
      ++entry;
    }
  }
  bytes_ += bytes;
  entries_.push_front({.scope = std::move(scope),
                       .adapter = adapter,
                       .tokens = std::move(tokens),
                       .cache = std::move(cache),
                       .bytes = bytes});
}

bool PromptMemory::drop_oldest() {
  if (entries_.empty()) return false;
  bytes_ -= entries_.back().bytes;
  entries_.pop_back();
  return true;
}

}  // namespace attune::infer
