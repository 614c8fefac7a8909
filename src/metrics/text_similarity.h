// One number in [0, 1] for how alike an answer and a reference are, by the names that OpenAI's
// text_similarity grader gives the measures (evaluation_metric).
//
//   if (const auto measure = find_similarity("rouge_l"))
//     double score = text_similarity(*measure, answer, reference);
//
//   fuzzy_match    1 - (insertions and deletions) / (both lengths), in characters:
//                  rapidfuzz' ratio; 1 for two empty texts
//   bleu           sentence BLEU of bleu.h (tokeniser 13a, smoothed, effective order)
//   gleu           gleu.h
//   meteor         meteor.h: equal words and equal stems; no synonyms
//   cosine         of the counts of lower-case words. OpenAI's is of embedding vectors; ours needs
//                  no model, knows no synonyms, and gives other numbers
//   rouge_1 ... 5  F of rouge.h over n-grams, without stemming
//   rouge_l        F of rouge.h over the longest common subsequence, without stemming
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace attune::metrics {

enum class Similarity {
  fuzzy_match,
  bleu,
  gleu,
  meteor,
  cosine,
  rouge_1,
  rouge_2,
  rouge_3,
  rouge_4,
  rouge_5,
  rouge_l,
};

// The measure of that name, or nothing.
std::optional<Similarity> find_similarity(std::string_view name);
std::string_view similarity_name(Similarity measure);
// "fuzzy_match, bleu, ...", for messages.
std::string similarity_names();

double text_similarity(Similarity measure, std::string_view answer, std::string_view reference);

// The parts that no other header has.
double fuzzy_match(std::string_view answer, std::string_view reference);
double cosine_of_words(std::string_view answer, std::string_view reference);

}  // namespace attune::metrics
