#include "eval/shot_choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "metrics/tokens.h"

namespace attune::eval {

ShotChoice::ShotChoice(const std::vector<std::string>& questions, std::uint64_t seed)
    : seed_(seed) {
  std::vector<std::int64_t> questions_with;
  for (const std::string& question : questions) {
    std::vector<std::string> words = metrics::word_tokens(question);
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (const std::string& word : words) {
      const auto [place, is_new] = words_.emplace(word, std::ssize(words_));
      if (is_new) questions_with.push_back(0);
      ++questions_with[static_cast<std::size_t>(place->second)];
    }
  }
  const double all = static_cast<double>(questions.size());
  for (const std::int64_t with : questions_with)
    rarity_.push_back(std::log((1 + all) / (1 + static_cast<double>(with))) + 1);
  for (const std::string& question : questions) vectors_.push_back(vector_of(question));
}

ShotChoice::Vector ShotChoice::vector_of(std::string_view question) const {
  Vector vector;
  for (const std::string& word : metrics::word_tokens(question)) {
    const auto known = words_.find(word);
    if (known == words_.end()) continue;
    vector[known->second] += rarity_[static_cast<std::size_t>(known->second)];
  }
  double squares = 0;
  for (const auto& [word, weight] : vector) squares += weight * weight;
  for (auto& [word, weight] : vector) weight /= std::sqrt(squares);
  return vector;
}

std::vector<std::int64_t> ShotChoice::similar(std::string_view question, std::int64_t count) const {
  const Vector wanted = vector_of(question);
  std::vector<std::pair<double, std::int64_t>> ranked;  // by -cosine, then by index
  for (std::int64_t i = 0; i < std::ssize(vectors_); ++i) {
    double cosine = 0;
    for (const auto& [word, weight] : wanted) {
      const auto found = vectors_[static_cast<std::size_t>(i)].find(word);
      if (found != vectors_[static_cast<std::size_t>(i)].end()) cosine += weight * found->second;
    }
    ranked.emplace_back(-cosine, i);
  }
  const auto kept = std::min<std::int64_t>(count, std::ssize(ranked));
  std::partial_sort(ranked.begin(), ranked.begin() + kept, ranked.end());
  std::vector<std::int64_t> chosen;
  for (std::int64_t k = kept; k > 0; --k)
    chosen.push_back(ranked[static_cast<std::size_t>(k - 1)].second);
  return chosen;
}

std::vector<std::int64_t> ShotChoice::random(std::int64_t item, std::int64_t count) const {
  std::vector<std::int64_t> all(vectors_.size());
  std::iota(all.begin(), all.end(), 0);
  const RandomStream draws{.seed = seed_,
                           .stream = stream_id("eval/shot_choice"),
                           .step = static_cast<std::uint32_t>(item)};
  const auto kept = std::min<std::int64_t>(count, std::ssize(all));
  for (std::int64_t k = 0; k < kept; ++k) {
    const auto left = static_cast<std::uint64_t>(std::ssize(all) - k);
    std::swap(all[static_cast<std::size_t>(k)],
              all[static_cast<std::size_t>(k) + draws.below(static_cast<std::uint64_t>(k), left)]);
  }
  all.resize(static_cast<std::size_t>(kept));
  return all;
}

std::vector<std::int64_t> ShotChoice::spread(std::int64_t count) const {
  const std::int64_t all = std::ssize(vectors_);
  const std::int64_t kept = std::min(count, all);
  std::vector<std::int64_t> chosen;
  for (std::int64_t k = 0; k < kept; ++k) chosen.push_back(k * all / kept);
  return chosen;
}

}  // namespace attune::eval
