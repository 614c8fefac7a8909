#include "data/near_index.h"

#include <algorithm>
#include <set>
#include <utility>

namespace attune::data {

std::optional<NearIndex::Match> NearIndex::find(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (const auto copy = copies_.find(std::string(text)); copy != copies_.end())
    return Match{.text = copy->second, .similarity = 1};
  shingles(text, own_);
  const Signature signature = hasher_.sign(own_);
  std::set<std::int64_t> candidates;
  for (std::size_t band = 0; band < kBands; ++band) {
    const auto entry = bands_[band].find(band_key(signature, band));
    if (entry != bands_[band].end()) candidates.insert(entry->second.begin(), entry->second.end());
  }
  std::optional<Match> best;
  for (const std::int64_t candidate : candidates) {
    shingles(texts_[static_cast<std::size_t>(candidate)], other_);
    const double similarity = meter_.measure(own_, other_);
    if (similarity >= threshold_ && (!best || similarity > best->similarity))
      best = Match{.text = candidate, .similarity = similarity};
  }
  return best;
}

void NearIndex::add(std::string text) {
  const auto place = static_cast<std::int64_t>(texts_.size());
  if (!text.empty() && copies_.emplace(text, place).second) {
    shingles(text, own_);
    const Signature signature = hasher_.sign(own_);
    for (std::size_t band = 0; band < kBands; ++band)
      bands_[band][band_key(signature, band)].push_back(place);
  }
  texts_.push_back(std::move(text));
}

}  // namespace attune::data
