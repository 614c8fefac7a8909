#include "data/near_duplicates.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "data/minhash.h"
#include "data/shingles.h"
#include "data/union_find.h"

namespace attune::data {

namespace {

// A pair whose estimate is below the threshold by more than this is not compared: six standard
// errors at a similarity of 0.8 (0.036), four and a half at 0.5.
constexpr double kEstimateMargin = 0.2;
constexpr std::size_t kBatch = 1024;

struct BandEntry {
  std::uint64_t key;
  std::int64_t text;
};

class PairSearch {
 public:
  PairSearch(std::span<const std::string> texts, const NearOptions& options, ThreadPool& pool)
      : texts_(texts),
        options_(options),
        pool_(pool),
        joined_(static_cast<std::int64_t>(texts.size())),
        workers_(static_cast<std::size_t>(pool.threads())) {}

  std::vector<NearPair> run() && {
    collapse_copies();
    sign();
    const auto together = static_cast<std::size_t>(pool_.threads());
    std::vector<std::vector<BandEntry>> bands(together);
    for (std::size_t first = 0; first < kBands; first += together) {
      const std::size_t count = std::min(together, kBands - first);
      pool_.run(static_cast<std::int64_t>(count), [&](std::int64_t task, int /*worker*/) {
        const auto offset = static_cast<std::size_t>(task);
        bands[offset] = sorted_band(first + offset);
      });
      for (std::size_t i = 0; i < count; ++i) walk(bands[i], first + i);
    }
    compare_batch();
    if (options_.every_pair) add_pairs_of_copies();
    return std::move(pairs_);
  }

 private:
  struct Worker {
    MinHasher hasher;
    SimilarityMeter meter;
    std::vector<std::uint64_t> first_shingles, second_shingles;
    std::int64_t first = -1;  // whose shingles are in first_shingles
  };

  // Equal texts are one text in the search; kept_ has the first of each.
  void collapse_copies() {
    std::unordered_map<std::string_view, std::int64_t> known;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (texts_[i].empty()) continue;
      const auto text = static_cast<std::int64_t>(i);
      const auto [place, fresh] = known.emplace(texts_[i], text);
      if (fresh) {
        kept_.push_back(text);
      } else {
        copies_[place->second].push_back(text);
        if (accepted(place->second, text)) add_pair(place->second, text, 1.0);
      }
    }
  }

  bool accepted(std::int64_t a, std::int64_t b) const {
    return !options_.accept || options_.accept(a, b);
  }

  void add_pair(std::int64_t a, std::int64_t b, double similarity) {
    joined_.unite(a, b);
    pairs_.push_back({std::min(a, b), std::max(a, b), similarity});
  }

  void sign() {
    signatures_.resize(kept_.size());
    pool_.split(static_cast<std::int64_t>(kept_.size()), 1, [&](Range range, int worker) {
      Worker& own = workers_[static_cast<std::size_t>(worker)];
      for (std::int64_t i = range.begin; i < range.end; ++i) {
        const auto at = static_cast<std::size_t>(i);
        shingles(texts_[static_cast<std::size_t>(kept_[at])], own.first_shingles);
        signatures_[at] = own.hasher.sign(own.first_shingles);
      }
    });
  }

  // Indices into kept_, those that agree in the band side by side.
  std::vector<BandEntry> sorted_band(std::size_t band) const {
    std::vector<BandEntry> entries(signatures_.size());
    for (std::size_t i = 0; i < entries.size(); ++i)
      entries[i] = {band_key(signatures_[i], band), static_cast<std::int64_t>(i)};
    std::sort(entries.begin(), entries.end(), [](const BandEntry& a, const BandEntry& b) {
      return std::tie(a.key, a.text) < std::tie(b.key, b.text);
    });
    return entries;
  }

  void walk(const std::vector<BandEntry>& entries, std::size_t band) {
    for (std::size_t begin = 0; begin < entries.size();) {
      std::size_t end = begin + 1;
      while (end < entries.size() && entries[end].key == entries[begin].key) ++end;
      for (std::size_t i = begin; i + 1 < end; ++i) {
        for (std::size_t j = i + 1; j < end; ++j) consider(entries[i].text, entries[j].text, band);
      }
      begin = end;
    }
  }

  void consider(std::int64_t a, std::int64_t b, std::size_t band) {
    const auto text_of = [&](std::int64_t i) { return kept_[static_cast<std::size_t>(i)]; };
    if (!options_.every_pair && joined_.find(text_of(a)) == joined_.find(text_of(b))) return;
    const Signature& mine = signatures_[static_cast<std::size_t>(a)];
    const Signature& other = signatures_[static_cast<std::size_t>(b)];
    if (estimated_similarity(mine, other) < options_.threshold - kEstimateMargin) return;
    for (std::size_t earlier = 0; earlier < band; ++earlier) {
      const auto at = static_cast<std::ptrdiff_t>(earlier * kBandRows);
      const auto* begin = mine.data() + at;
      if (std::equal(begin, begin + kBandRows, other.data() + at)) return;  // considered there
    }
    batch_.push_back({text_of(a), text_of(b), 0.0});
    if (batch_.size() == kBatch) compare_batch();
  }

  void compare_batch() {
    pool_.split(static_cast<std::int64_t>(batch_.size()), 1, [&](Range range, int worker) {
      for (std::int64_t i = range.begin; i < range.end; ++i)
        compare(batch_[static_cast<std::size_t>(i)], workers_[static_cast<std::size_t>(worker)]);
    });
    for (const NearPair& pair : batch_) {
      if (pair.similarity < options_.threshold) continue;
      if (!options_.every_pair && joined_.find(pair.first) == joined_.find(pair.second)) continue;
      add_pair(pair.first, pair.second, pair.similarity);
    }
    batch_.clear();
  }

  // Leaves 0 in a pair that does not count.
  void compare(NearPair& pair, Worker& own) const {
    if (own.first != pair.first) {
      shingles(texts_[static_cast<std::size_t>(pair.first)], own.first_shingles);
      own.first = pair.first;
    }
    shingles(texts_[static_cast<std::size_t>(pair.second)], own.second_shingles);
    const double exact = own.meter.measure(own.first_shingles, own.second_shingles);
    if (exact >= options_.threshold && accepted(pair.first, pair.second)) pair.similarity = exact;
  }

  // The pairs so far are of first copies, and of first copies with their later ones.
  void add_pairs_of_copies() {
    const auto later_of = [&](std::int64_t text) -> std::span<const std::int64_t> {
      const auto found = copies_.find(text);
      return found == copies_.end() ? std::span<const std::int64_t>() : found->second;
    };
    const std::size_t found = pairs_.size();
    const auto add = [&](std::int64_t a, std::int64_t b, double similarity) {
      if (accepted(a, b)) add_pair(a, b, similarity);
    };
    for (std::size_t p = 0; p < found; ++p) {
      const NearPair pair = pairs_[p];
      if (texts_[static_cast<std::size_t>(pair.first)] ==
          texts_[static_cast<std::size_t>(pair.second)])
        continue;
      for (const std::int64_t b : later_of(pair.second)) add(pair.first, b, pair.similarity);
      for (const std::int64_t a : later_of(pair.first)) {
        add(a, pair.second, pair.similarity);
        for (const std::int64_t b : later_of(pair.second)) add(a, b, pair.similarity);
      }
    }
    for (const std::int64_t text : kept_) {
      const std::span<const std::int64_t> later = later_of(text);
      for (std::size_t i = 0; i < later.size(); ++i) {
        for (std::size_t j = i + 1; j < later.size(); ++j) add(later[i], later[j], 1.0);
      }
    }
  }

  std::span<const std::string> texts_;
  const NearOptions& options_;
  ThreadPool& pool_;
  UnionFind joined_;
  std::vector<Worker> workers_;
  std::vector<std::int64_t> kept_;
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> copies_;  // first copy -> later ones
  std::vector<Signature> signatures_;                                   // of kept_
  std::vector<NearPair> batch_;
  std::vector<NearPair> pairs_;
};

}  // namespace

std::vector<NearPair> near_pairs(std::span<const std::string> texts, const NearOptions& options,
                                 ThreadPool& pool) {
  return PairSearch(texts, options, pool).run();
}

}  // namespace attune::data
