// Texts as vectors of their words: how alike two texts are without a model.
//
//   const std::vector<WordVector> vectors = word_vectors(questions);
//   double alike = dot(vectors[3], vectors[8]);   // cosine, 0 to 1
//
// Terms are words (text/words.h) and pairs of neighbouring words that two texts or more have. A
// term counts once a text, weighted by log(texts / texts with it); each vector has length one, or
// is empty. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace attune::data {

struct WordVector {
  std::vector<std::int32_t> terms;  // rising
  std::vector<float> weights;
};

std::vector<WordVector> word_vectors(std::span<const std::string> texts);

double dot(const WordVector& a, const WordVector& b);

// The same folded into `width` numbers a text, [texts, width], each row of length one: every term
// adds its weight with a sign to one place, both by a hash (feature hashing, Weinberger et al.
// 2009), so products keep their expected value.
std::vector<float> folded_word_vectors(std::span<const WordVector> vectors, std::int64_t width);

}  // namespace attune::data
