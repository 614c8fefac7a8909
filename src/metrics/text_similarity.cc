#include "metrics/text_similarity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "metrics/bleu.h"
#include "metrics/gleu.h"
#include "metrics/meteor.h"
#include "metrics/ngrams.h"
#include "metrics/rouge.h"
#include "metrics/tokens.h"

namespace attune::metrics {

namespace {

constexpr std::array<std::pair<Similarity, std::string_view>, 11> kNames{{
    {Similarity::fuzzy_match, "fuzzy_match"},
    {Similarity::bleu, "bleu"},
    {Similarity::gleu, "gleu"},
    {Similarity::meteor, "meteor"},
    {Similarity::cosine, "cosine"},
    {Similarity::rouge_1, "rouge_1"},
    {Similarity::rouge_2, "rouge_2"},
    {Similarity::rouge_3, "rouge_3"},
    {Similarity::rouge_4, "rouge_4"},
    {Similarity::rouge_5, "rouge_5"},
    {Similarity::rouge_l, "rouge_l"},
}};

}  // namespace

std::optional<Similarity> find_similarity(std::string_view name) {
  for (const auto& [measure, known] : kNames) {
    if (known == name) return measure;
  }
  return std::nullopt;
}

std::string_view similarity_name(Similarity measure) {
  const auto place = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const auto& entry) { return entry.first == measure; });
  return place == kNames.end() ? std::string_view{} : place->second;
}

std::string similarity_names() {
  std::string names;
  for (const auto& [measure, name] : kNames) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

double fuzzy_match(std::string_view answer, std::string_view reference) {
  const Symbols given = characters(answer);
  const Symbols wanted = characters(reference);
  if (given.empty() && wanted.empty()) return 1;
  return 2 * static_cast<double>(longest_common_subsequence(given, wanted)) /
         static_cast<double>(given.size() + wanted.size());
}

double cosine_of_words(std::string_view answer, std::string_view reference) {
  std::unordered_map<std::string, std::pair<double, double>> counts;
  for (std::string& word : word_tokens(answer)) ++counts[std::move(word)].first;
  for (std::string& word : word_tokens(reference)) ++counts[std::move(word)].second;
  // Sums of whole numbers: the order does not matter.
  double product = 0;
  double answer_square = 0;
  double reference_square = 0;
  for (const auto& [word, count] : counts) {
    product += count.first * count.second;
    answer_square += count.first * count.first;
    reference_square += count.second * count.second;
  }
  if (answer_square == 0 && reference_square == 0) return 1;
  if (product == 0) return 0;
  return std::min(1.0, product / std::sqrt(answer_square * reference_square));
}

double text_similarity(Similarity measure, std::string_view answer, std::string_view reference) {
  switch (measure) {
    case Similarity::fuzzy_match:
      return fuzzy_match(answer, reference);
    case Similarity::bleu:
      return std::min(1.0, sentence_bleu(answer, {&reference, 1}));
    case Similarity::gleu:
      return gleu(answer, reference);
    case Similarity::meteor:
      return meteor(answer, reference);
    case Similarity::cosine:
      return cosine_of_words(answer, reference);
    case Similarity::rouge_1:
      return rouge_n(answer, reference, 1).f;
    case Similarity::rouge_2:
      return rouge_n(answer, reference, 2).f;
    case Similarity::rouge_3:
      return rouge_n(answer, reference, 3).f;
    case Similarity::rouge_4:
      return rouge_n(answer, reference, 4).f;
    case Similarity::rouge_5:
      return rouge_n(answer, reference, 5).f;
    case Similarity::rouge_l:
      return rouge_l(answer, reference).f;
  }
  return 0;
}

}  // namespace attune::metrics
