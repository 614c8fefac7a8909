#include "text/bpe_model.h"

#include <atomic>
#include <cstring>
#include <queue>
#include <span>

#include <fmt/format.h>

#include "text/byte_level.h"
#include "text/unicode.h"

namespace attune::text {

namespace {

// Words up to this many symbols are merged by scanning all pairs, which beats a heap there.
constexpr std::size_t kShortWord = 48;
constexpr std::size_t kLongestCachedWord = 64;
constexpr std::size_t kCacheShards = 32;
constexpr std::size_t kWordsPerShard = 4096;

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

std::uint64_t mix(std::uint64_t key) {
  key *= 0x9E3779B97F4A7C15u;
  return key ^ key >> 29;
}

}  // namespace

// Words met before and their tokens. Short words, nearly all of a text, have a slot by their hash,
// a cache line each, which a word of another hash takes over; nobody waits there: whoever meets a
// slot that is being written does without it. Longer words are kept in shards, so that threads
// seldom meet; a full shard starts anew.
struct BpeModel::Cache {
  static constexpr std::size_t kSlots = std::size_t{1} << 14;
  static constexpr std::size_t kLongestShortWord = 15;  // bytes
  static constexpr std::size_t kMostTokens = 9;         // of a short word; with more it is not kept
  using ShortWord = std::array<std::uint64_t, 2>;       // its bytes, its length in the last

  // All is stored with release and loaded with acquire, so that a reader who saw a word that
  // somebody writes sees the version of that writing too.
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> version{0};  // odd while it is written
    std::array<std::atomic<std::uint64_t>, 2> word{};
    std::array<std::atomic<std::uint64_t>, 5> tokens{};  // their number, then they, 32 bits each
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, std::vector<std::int32_t>> words;
  };
  std::vector<Slot> slots{kSlots};
  std::array<Shard, kCacheShards> shards;

  static ShortWord pack(std::string_view word) {
    ShortWord packed{};
    std::memcpy(packed.data(), word.data(), word.size());
    packed[1] |= static_cast<std::uint64_t>(word.size()) << 56;
    return packed;
  }
  Slot& slot_of(const ShortWord& word) {
    return slots[mix(word[0] ^ (word[1] << 32 | word[1] >> 32)) >> 8 & (kSlots - 1)];
  }

  bool find(const ShortWord& word, std::vector<std::int32_t>& ids) {
    Slot& slot = slot_of(word);
    const std::uint64_t version = slot.version.load(std::memory_order_acquire);
    if ((version & 1) != 0 || slot.word[0].load(std::memory_order_acquire) != word[0] ||
        slot.word[1].load(std::memory_order_acquire) != word[1])
      return false;
    std::array<std::uint64_t, 5> tokens;
    for (std::size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = slot.tokens[i].load(std::memory_order_acquire);
    if (slot.version.load(std::memory_order_relaxed) != version) return false;
    const auto count = static_cast<std::uint32_t>(tokens[0]);
    for (std::uint32_t i = 1; i <= count; ++i)
      ids.push_back(static_cast<std::int32_t>(tokens[i / 2] >> (i % 2 * 32)));
    return true;
  }

  void keep(const ShortWord& word, std::span<const std::int32_t> ids) {
    if (ids.size() > kMostTokens) return;
    Slot& slot = slot_of(word);
    std::uint64_t version = slot.version.load(std::memory_order_relaxed);
    if ((version & 1) != 0 || !slot.version.compare_exchange_strong(version, version + 1)) return;
    std::array<std::uint64_t, 5> tokens{ids.size()};
    for (std::size_t i = 1; i <= ids.size(); ++i)
      tokens[i / 2] |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(ids[i - 1]))
                       << (i % 2 * 32);
    for (std::size_t i = 0; i < word.size(); ++i)
      slot.word[i].store(word[i], std::memory_order_release);
    for (std::size_t i = 0; i < tokens.size(); ++i)
      slot.tokens[i].store(tokens[i], std::memory_order_release);
    slot.version.store(version + 2, std::memory_order_release);
  }

  Shard& shard_of(const std::string& word) {
    return shards[mix(std::hash<std::string>{}(word)) % kCacheShards];
  }
};

void BpeModel::MergeTable::reserve(std::size_t count) {
  std::size_t slots = 16;
  while (slots < count * 2) slots *= 2;
  slots_.assign(slots, {});
  mask_ = slots - 1;
}

void BpeModel::MergeTable::insert(std::uint64_t pair, Merge merge) {
  std::uint64_t at = mix(pair) & mask_;
  while (slots_[at].pair != ~std::uint64_t{0} && slots_[at].pair != pair) at = (at + 1) & mask_;
  slots_[at] = {pair, merge};
}

const BpeModel::Merge* BpeModel::MergeTable::find(std::uint64_t pair) const {
  std::uint64_t at = mix(pair) & mask_;
  while (slots_[at].pair != pair) {
    if (slots_[at].pair == ~std::uint64_t{0}) return nullptr;
    at = (at + 1) & mask_;
  }
  return &slots_[at].merge;
}

Result<BpeModel> BpeModel::create(BpeDescription description,
                                  const std::unordered_set<std::int32_t>& control,
                                  std::string_view where) {
  BpeModel model;
  model.byte_level_ = description.byte_level;
  model.byte_fallback_ = description.byte_fallback;
  model.fuse_unknown_ = description.fuse_unknown;
  model.ignore_merges_ = description.ignore_merges;
  model.continuing_prefix_ = std::move(description.continuing_prefix);
  model.word_suffix_ = std::move(description.word_suffix);
  model.vocabulary_.reserve(description.vocabulary.size());
  model.cache_ = std::make_shared<Cache>();
  if (model.byte_level_ && !(model.continuing_prefix_.empty() && model.word_suffix_.empty())) {
    return bad_field(where, "model.continuing_subword_prefix",
                     "a prefix or suffix beside byte-level words", "one or the other");
  }
  for (auto& [token, id] : description.vocabulary) {
    if (model.byte_level_) {
      // An entry outside the alphabet (a control token with a space) can't come from text.
      if (auto bytes = byte_level_bytes(token)) model.vocabulary_.emplace(std::move(*bytes), id);
    } else {
      model.vocabulary_.emplace(token, id);
    }
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const std::string entry = model.byte_level_ ? std::string(1, static_cast<char>(byte))
                                                : fmt::format("<0x{:02X}>", byte);
    const auto found = model.vocabulary_.find(entry);
    const bool usable = found != model.vocabulary_.end() && !control.contains(found->second);
    model.byte_ids_[byte] = usable ? found->second : -1;
  }
  if (description.unknown_token) {
    for (const auto& [token, id] : description.vocabulary) {
      if (token == *description.unknown_token) model.unknown_ = id;
    }
    if (model.unknown_ < 0) {
      return bad_field(where, "model.unk_token", fmt::format("\"{}\"", *description.unknown_token),
                       "an entry of the vocabulary");
    }
  }
  ATTUNE_TRY_VOID(model.add_merges(description.merges, control, where));
  std::erase_if(model.vocabulary_,
                [&](const auto& entry) { return control.contains(entry.second); });
  return model;
}

Result<void> BpeModel::add_merges(const std::vector<std::pair<std::string, std::string>>& merges,
                                  const std::unordered_set<std::int32_t>& control,
                                  std::string_view where) {
  merges_.reserve(merges.size());
  const auto bad_merge = [&](std::size_t index, std::string_view missing) {
    return bad_field(where, fmt::format("model.merges[{}]", index),
                     fmt::format("\"{}\", which is not in the vocabulary", missing),
                     "parts and result that are all in the vocabulary");
  };
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    std::string left = merges[rank].first;
    std::string right = merges[rank].second;
    if (byte_level_) {
      auto left_bytes = byte_level_bytes(left);
      auto right_bytes = byte_level_bytes(right);
      if (!left_bytes) return bad_merge(rank, left);
      if (!right_bytes) return bad_merge(rank, right);
      left = std::move(*left_bytes);
      right = std::move(*right_bytes);
    }
    const auto left_id = vocabulary_.find(left);
    if (left_id == vocabulary_.end()) return bad_merge(rank, merges[rank].first);
    const auto right_id = vocabulary_.find(right);
    if (right_id == vocabulary_.end()) return bad_merge(rank, merges[rank].second);
    if (!continuing_prefix_.empty() && right.starts_with(continuing_prefix_)) {
      right.erase(0, continuing_prefix_.size());
    }
    const auto merged = vocabulary_.find(left + right);
    if (merged == vocabulary_.end()) {
      return bad_merge(rank, merges[rank].first + merges[rank].second);
    }
    if (control.contains(merged->second)) continue;
    merges_.insert(pair_key(left_id->second, right_id->second),
                   {static_cast<std::int32_t>(rank), merged->second});
  }
  return {};
}

const BpeModel::Merge* BpeModel::merge_of(std::int32_t left, std::int32_t right) const {
  return merges_.find(pair_key(left, right));
}

void BpeModel::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (word.empty()) return;
  if (word.size() <= Cache::kLongestShortWord) {
    const Cache::ShortWord packed = Cache::pack(word);
    if (cache_->find(packed, ids)) return;
    const std::size_t first = ids.size();
    encode_uncached(word, ids);
    return cache_->keep(packed, std::span(ids).subspan(first));
  }
  if (word.size() > kLongestCachedWord) return encode_uncached(word, ids);
  const std::string key(word);
  Cache::Shard& shard = cache_->shard_of(key);
  {
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.words.find(key);
    if (found != shard.words.end()) {
      ids.insert(ids.end(), found->second.begin(), found->second.end());
      return;
    }
  }
  const std::size_t first = ids.size();
  encode_uncached(word, ids);
  const std::lock_guard lock(shard.mutex);
  if (shard.words.size() >= kWordsPerShard) shard.words.clear();
  shard.words.try_emplace(key, ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end());
}

void BpeModel::encode_uncached(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (ignore_merges_) {
    const auto whole = vocabulary_.find(std::string(word));
    if (whole != vocabulary_.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  std::vector<std::int32_t> symbols = first_symbols(word);
  if (symbols.size() <= kShortWord) {
    merge_short(symbols);
  } else {
    merge_long(symbols);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void BpeModel::add_unknown(std::vector<std::int32_t>& symbols, bool& last_unknown) const {
  if (unknown_ < 0) return;  // a character nobody knows is dropped
  if (!(fuse_unknown_ && last_unknown)) symbols.push_back(unknown_);
  last_unknown = true;
}

bool BpeModel::add_bytes(std::string_view character, std::vector<std::int32_t>& symbols) const {
  for (const char byte : character) {
    if (byte_ids_[static_cast<unsigned char>(byte)] < 0) return false;
  }
  for (const char byte : character) symbols.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
  return true;
}

std::vector<std::int32_t> BpeModel::first_symbols(std::string_view word) const {
  std::vector<std::int32_t> symbols;
  symbols.reserve(word.size());
  bool last_unknown = false;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t bytes = byte_level_ ? 1 : character_at(word, at).bytes;
    const std::string_view character = word.substr(at, bytes);
    at += bytes;
    if (byte_level_) {
      const std::int32_t id = byte_ids_[static_cast<unsigned char>(character[0])];
      if (id >= 0) {
        symbols.push_back(id);
        last_unknown = false;
      } else {
        add_unknown(symbols, last_unknown);
      }
      continue;
    }
    std::string entry(character);
    if (at > bytes) entry.insert(0, continuing_prefix_);
    if (at == word.size()) entry += word_suffix_;
    const auto found = vocabulary_.find(entry);
    if (found != vocabulary_.end()) {
      symbols.push_back(found->second);
      last_unknown = false;
    } else if (byte_fallback_ && add_bytes(entry, symbols)) {
      last_unknown = false;
    } else {
      add_unknown(symbols, last_unknown);
    }
  }
  return symbols;
}

void BpeModel::merge_short(std::vector<std::int32_t>& symbols) const {
  std::array<const Merge*, kShortWord> merges{};  // merges[i] joins symbols i and i + 1
  std::size_t count = symbols.size();
  for (std::size_t i = 0; i + 1 < count; ++i) merges[i] = merge_of(symbols[i], symbols[i + 1]);
  while (count > 1) {
    std::size_t best = count;
    for (std::size_t i = 0; i + 1 < count; ++i) {
      if (merges[i] != nullptr && (best == count || merges[i]->rank < merges[best]->rank)) best = i;
    }
    if (best == count) break;
    symbols[best] = merges[best]->id;
    for (std::size_t i = best + 1; i + 1 < count; ++i) {
      symbols[i] = symbols[i + 1];
      merges[i] = merges[i + 1];
    }
    --count;
    if (best > 0) merges[best - 1] = merge_of(symbols[best - 1], symbols[best]);
    merges[best] = best + 1 < count ? merge_of(symbols[best], symbols[best + 1]) : nullptr;
  }
  symbols.resize(count);
}

void BpeModel::merge_long(std::vector<std::int32_t>& symbols) const {
  struct Candidate {
    std::int32_t rank;
    std::int32_t at;  // index of the left symbol
    std::int32_t id;
    std::int32_t left;
    std::int32_t right;  // as they were when the candidate was made
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  constexpr std::int32_t kGone = -1;
  const auto count = static_cast<std::int32_t>(symbols.size());
  std::vector<std::int32_t> next(symbols.size());
  std::vector<std::int32_t> previous(symbols.size());
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto symbol = [&](std::int32_t at) -> std::int32_t& {
    return symbols[static_cast<std::size_t>(at)];
  };
  const auto offer = [&](std::int32_t at) {
    if (at < 0) return;
    const std::int32_t right = next[static_cast<std::size_t>(at)];
    if (right >= count) return;
    const Merge* merge = merge_of(symbol(at), symbol(right));
    if (merge != nullptr) queue.push({merge->rank, at, merge->id, symbol(at), symbol(right)});
  };
  for (std::int32_t i = 0; i < count; ++i) {
    next[static_cast<std::size_t>(i)] = i + 1;
    previous[static_cast<std::size_t>(i)] = i - 1;
  }
  for (std::int32_t i = 0; i < count; ++i) offer(i);
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    const std::int32_t right = next[static_cast<std::size_t>(top.at)];
    if (symbol(top.at) != top.left || right >= count || symbol(right) != top.right) continue;
    symbol(top.at) = top.id;
    symbol(right) = kGone;
    const std::int32_t after = next[static_cast<std::size_t>(right)];
    next[static_cast<std::size_t>(top.at)] = after;
    if (after < count) previous[static_cast<std::size_t>(after)] = top.at;
    offer(previous[static_cast<std::size_t>(top.at)]);
    offer(top.at);
  }
  std::erase(symbols, kGone);
}

}  // namespace attune::text
