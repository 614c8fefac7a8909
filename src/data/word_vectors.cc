#include "data/word_vectors.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>

#include "text/words.h"

namespace attune::data {

namespace {

std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms = text::words_of(text);
  const std::size_t words = terms.size();
  for (std::size_t i = 0; i + 1 < words; ++i) terms.push_back(terms[i] + " " + terms[i + 1]);
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

void to_unit_length(std::span<float> values) {
  double square = 0;
  for (const float value : values)
    square += static_cast<double>(value) * static_cast<double>(value);
  if (square <= 0) return;
  for (float& value : values)
    value = static_cast<float>(static_cast<double>(value) / std::sqrt(square));
}

// A fixed mixture of the bits of a term's number (the finaliser of MurmurHash3).
std::uint64_t mixed_bits(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

}  // namespace

std::vector<WordVector> word_vectors(std::span<const std::string> texts) {
  constexpr std::int64_t kFewestTexts = 2;
  std::vector<std::vector<std::string>> terms;
  std::map<std::string, std::int64_t>
      texts_with;  // ordered: a term's number follows from the texts
  for (const std::string& text : texts) {
    terms.push_back(terms_of(text));
    for (const std::string& term : terms.back()) ++texts_with[term];
  }
  struct Term {
    std::int32_t number;
    float weight;
  };
  std::unordered_map<std::string_view, Term> vocabulary;
  for (const auto& [term, count] : texts_with) {
    const double weight = std::log(static_cast<double>(texts.size()) / static_cast<double>(count));
    if (count < kFewestTexts || weight <= 0) continue;
    vocabulary.emplace(
        term, Term{static_cast<std::int32_t>(vocabulary.size()), static_cast<float>(weight)});
  }
  std::vector<WordVector> vectors(texts.size());
  for (std::size_t i = 0; i < terms.size(); ++i) {
    for (const std::string& term : terms[i]) {  // sorted, as the numbers are
      const auto known = vocabulary.find(term);
      if (known == vocabulary.end()) continue;
      vectors[i].terms.push_back(known->second.number);
      vectors[i].weights.push_back(known->second.weight);
    }
    to_unit_length(vectors[i].weights);
  }
  return vectors;
}

double dot(const WordVector& a, const WordVector& b) {
  double sum = 0;
  for (std::size_t i = 0, j = 0; i < a.terms.size() && j < b.terms.size();) {
    if (a.terms[i] < b.terms[j]) {
      ++i;
    } else if (a.terms[i] > b.terms[j]) {
      ++j;
    } else {
      sum += static_cast<double>(a.weights[i++]) * static_cast<double>(b.weights[j++]);
    }
  }
  return sum;
}

std::vector<float> folded_word_vectors(std::span<const WordVector> vectors, std::int64_t width) {
  std::vector<float> folded(vectors.size() * static_cast<std::size_t>(width), 0.0f);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const std::span<float> row = std::span(folded).subspan(i * static_cast<std::size_t>(width),
                                                           static_cast<std::size_t>(width));
    for (std::size_t t = 0; t < vectors[i].terms.size(); ++t) {
      const std::uint64_t bits = mixed_bits(static_cast<std::uint64_t>(vectors[i].terms[t]) + 1);
      const float sign = (bits >> 63) != 0 ? -1.0f : 1.0f;
      row[bits % static_cast<std::uint64_t>(width)] += sign * vectors[i].weights[t];
    }
    to_unit_length(row);
  }
  return folded;
}

}  // namespace attune::data
