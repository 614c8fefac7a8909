#include "text/bpe_trainer.h"

#include <algorithm>
#include <queue>

#include <fmt/format.h>

#include "base/narrow.h"
#include "text/split_pattern.h"
#include "text/unicode.h"

namespace attune::text {

namespace {

constexpr std::size_t kBytes = 256;
constexpr std::int32_t kSpecial = -1;  // text never becomes this token

struct Word {
  std::vector<std::int32_t> symbols;
  std::int64_t count;
};

struct Pair {
  std::int32_t left;
  std::int32_t right;
  bool operator==(const Pair&) const = default;
};

struct PairHash {
  std::size_t operator()(const Pair& pair) const {
    const std::uint64_t key = static_cast<std::uint64_t>(static_cast<std::uint32_t>(pair.left))
                                  << 32 |
                              static_cast<std::uint32_t>(pair.right);
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> 17);
  }
};

struct PairUse {
  std::int64_t count = 0;
  // Words that hold the pair, or held it once; sorted and without repeats when it is merged.
  std::vector<std::int32_t> words;
};

// Pairs in the order in which they are merged. A pair is pushed anew when its count grows; an entry
// whose count has shrunk since is put back with the count of now.
struct Candidate {
  std::int64_t count;
  Pair pair;
  bool operator<(const Candidate& other) const {
    if (count != other.count) return count < other.count;
    if (pair.left != other.pair.left) return pair.left > other.pair.left;
    return pair.right > other.pair.right;
  }
};

class Merger {
 public:
  Merger(const BpeTrainerOptions& options, std::vector<Word> words)
      : options_(options), words_(std::move(words)) {
    for (std::size_t byte = 0; byte < kBytes; ++byte) {
      trained_.tokens.emplace_back(1, static_cast<char>(byte));
      ids_.emplace(trained_.tokens.back(), static_cast<std::int32_t>(byte));
    }
    for (const std::string& token : options.special_tokens) ids_[token] = kSpecial;
    trained_.special_tokens = options.special_tokens;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const Word& word = words_[i];
      for (std::size_t at = 0; at + 1 < word.symbols.size(); ++at) {
        add_use({word.symbols[at], word.symbols[at + 1]}, word.count, i);
      }
    }
    for (const auto& [pair, use] : uses_) queue_.push({use.count, pair});
  }

  TrainedBpe run(std::size_t token_count) {
    while (trained_.tokens.size() < token_count && !queue_.empty()) {
      const Candidate top = queue_.top();
      queue_.pop();
      const auto use = uses_.find(top.pair);
      if (use == uses_.end() || use->second.count < options_.least_count) continue;
      if (use->second.count != top.count) {
        queue_.push({use->second.count, top.pair});
        continue;
      }
      merge(top.pair);
    }
    return std::move(trained_);
  }

 private:
  void add_use(Pair pair, std::int64_t count, std::size_t word) {
    PairUse& use = uses_[pair];
    use.count += count;
    const auto index = static_cast<std::int32_t>(word);
    if (use.words.empty() || use.words.back() != index) use.words.push_back(index);
  }

  void remove_use(Pair pair, std::int64_t count) {
    const auto use = uses_.find(pair);
    if (use != uses_.end()) use->second.count -= count;
  }

  void merge(Pair pair) {
    const auto part = [&](std::int32_t id) -> const std::string& {
      return trained_.tokens[static_cast<std::size_t>(id)];
    };
    std::string token = part(pair.left) + part(pair.right);
    PairUse use = std::move(uses_[pair]);
    uses_.erase(pair);
    if (static_cast<std::int64_t>(token.size()) > options_.longest_token) return;
    // The same bytes may have been joined another way before: then this is one more way to the same
    // token.
    const auto [known, is_new] =
        ids_.try_emplace(token, narrow<std::int32_t>(trained_.tokens.size()));
    const std::int32_t id = known->second;
    if (id < 0) return;
    if (is_new) trained_.tokens.push_back(std::move(token));
    trained_.merges.emplace_back(pair.left, pair.right);
    std::sort(use.words.begin(), use.words.end());
    use.words.erase(std::unique(use.words.begin(), use.words.end()), use.words.end());
    touched_.clear();
    for (const std::int32_t word : use.words)
      merge_in_word(pair, id, static_cast<std::size_t>(word));
    const auto by_ids = [](const Pair& one, const Pair& other) {
      return one.left != other.left ? one.left < other.left : one.right < other.right;
    };
    std::sort(touched_.begin(), touched_.end(), by_ids);
    touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
    for (const Pair& fresh : touched_) {
      const auto found = uses_.find(fresh);
      if (found != uses_.end() && found->second.count > 0)
        queue_.push({found->second.count, fresh});
    }
  }

  void merge_in_word(Pair pair, std::int32_t id, std::size_t index) {
    Word& word = words_[index];
    std::vector<std::int32_t>& symbols = word.symbols;
    std::size_t out = 0;
    for (std::size_t at = 0; at < symbols.size(); ++at, ++out) {
      const bool here =
          at + 1 < symbols.size() && symbols[at] == pair.left && symbols[at + 1] == pair.right;
      if (!here) {
        symbols[out] = symbols[at];
        continue;
      }
      // What stands before is already merged; what follows is not yet.
      if (out > 0) {
        remove_use({symbols[out - 1], pair.left}, word.count);
        add_fresh({symbols[out - 1], id}, word.count, index);
      }
      if (at + 2 < symbols.size()) {
        remove_use({pair.right, symbols[at + 2]}, word.count);
        add_fresh({id, symbols[at + 2]}, word.count, index);
      }
      symbols[out] = id;
      ++at;
    }
    symbols.resize(out);
  }

  void add_fresh(Pair pair, std::int64_t count, std::size_t word) {
    if (touched_.empty() || touched_.back() != pair) touched_.push_back(pair);
    add_use(pair, count, word);
  }

  const BpeTrainerOptions& options_;
  std::vector<Word> words_;
  std::unordered_map<Pair, PairUse, PairHash> uses_;
  std::priority_queue<Candidate> queue_;
  std::vector<Pair> touched_;                          // pairs that the merge at work made
  std::unordered_map<std::string, std::int32_t> ids_;  // of tokens, or kSpecial
  TrainedBpe trained_;
};

}  // namespace

BpeTrainer::BpeTrainer(BpeTrainerOptions options) : options_(std::move(options)) {}

void BpeTrainer::add_text(std::string_view text) {
  const auto count_words = [this](std::string_view part) {
    for (std::size_t at = 0; at < part.size();) {
      const std::size_t end = copying_word_end(part, at);
      ++word_counts_[std::string(part.substr(at, end - at))];
      at = end;
    }
  };
  std::size_t done = 0;
  while (done < text.size()) {
    std::size_t cut = std::string_view::npos;
    std::size_t cut_size = 0;
    for (const std::string& token : options_.special_tokens) {
      if (token.empty()) continue;
      const std::size_t found = text.find(token, done);
      if (found < cut ||
          (found == cut && token.size() > cut_size && found != std::string_view::npos)) {
        cut = found;
        cut_size = token.size();
      }
    }
    if (cut == std::string_view::npos) return count_words(text.substr(done));
    count_words(text.substr(done, cut - done));
    done = cut + cut_size;
  }
}

Result<TrainedBpe> BpeTrainer::train() const {
  const auto fixed = static_cast<std::int64_t>(options_.special_tokens.size() + kBytes);
  if (options_.vocabulary_size < fixed || options_.vocabulary_size > 1'000'000) {
    return bad_input({.where = "vocabulary size",
                      .found = std::to_string(options_.vocabulary_size),
                      .wanted = fmt::format("from {} (special tokens and bytes) to 1000000", fixed),
                      .fix = "choose a larger vocabulary or fewer special tokens"});
  }
  std::vector<std::string> special = options_.special_tokens;
  std::sort(special.begin(), special.end());
  const bool repeats = std::adjacent_find(special.begin(), special.end()) != special.end();
  const bool too_short = std::any_of(special.begin(), special.end(), [](const std::string& token) {
    return token.size() < 2 || !is_valid_utf8(token);
  });
  if (repeats || too_short) {
    return bad_input({.where = "special tokens",
                      .found = repeats ? "the same token twice" : "a token of less than two bytes",
                      .wanted = "distinct UTF-8 texts of two bytes or more"});
  }
  // The order of words must not depend on the hash table.
  std::vector<std::pair<std::string_view, std::int64_t>> sorted(word_counts_.begin(),
                                                                word_counts_.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<Word> words;
  words.reserve(sorted.size());
  for (const auto& [text, count] : sorted) {
    Word word{.symbols = {}, .count = count};
    for (const char byte : text) word.symbols.push_back(static_cast<unsigned char>(byte));
    words.push_back(std::move(word));
  }
  Merger merger(options_, std::move(words));
  return merger.run(static_cast<std::size_t>(options_.vocabulary_size) -
                    options_.special_tokens.size());
}

}  // namespace attune::text
