// Which examples a few-shot prompt shows.
//
//   ShotChoice choice(questions, seed);
//   std::vector<std::int64_t> shown = choice.similar("the parcel never came", 3);
//
// similar: the largest cosine of TF-IDF vectors over lower-case words (Salton and Buckley 1988:
// tf = count, idf = ln((1 + n) / (1 + df)) + 1, unit length), the most similar last, next to the
// question; what works better than examples drawn at random in Liu et al. 2022 (KATE).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace attune::eval {

class ShotChoice {
 public:
  ShotChoice(const std::vector<std::string>& questions, std::uint64_t seed);

  // At most `count` of the questions, by index.
  std::vector<std::int64_t> similar(std::string_view question, std::int64_t count) const;
  std::vector<std::int64_t> random(std::int64_t item, std::int64_t count) const;
  std::vector<std::int64_t> spread(std::int64_t count) const;

 private:
  using Vector = std::map<std::int64_t, double>;  // word to weight
  Vector vector_of(std::string_view question) const;

  std::uint64_t seed_;
  std::map<std::string, std::int64_t, std::less<>> words_;
  std::vector<double> rarity_;   // idf of a word
  std::vector<Vector> vectors_;  // of each question
};

}  // namespace attune::eval
