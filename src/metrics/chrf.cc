#include "metrics/chrf.h"

#include <algorithm>

#include <fmt/format.h>

#include "text/unicode.h"

namespace attune::metrics {

namespace {

std::string without_white_space(std::string_view text) {
  std::string joined;
  for (const std::string& part : white_space_tokens(text)) joined += part;
  return joined;
}

bool is_ascii_punctuation(char c) {
  return static_cast<unsigned char>(c) < 0x80 && text::is_punctuation(static_cast<char32_t>(c));
}

// Words with one ASCII punctuation mark set apart: the last character's, else the first's.
Tokens chrf_words(std::string_view text) {
  Tokens words;
  for (std::string& word : white_space_tokens(text)) {
    const bool one_character = text::character_at(word, 0).bytes == word.size();
    if (!one_character && is_ascii_punctuation(word.back())) {
      words.push_back(word.substr(0, word.size() - 1));
      words.push_back(word.substr(word.size() - 1));
    } else if (!one_character && is_ascii_punctuation(word.front())) {
      words.push_back(word.substr(0, 1));
      words.push_back(word.substr(1));
    } else {
      words.push_back(std::move(word));
    }
  }
  return words;
}

ChrfCounts counts_against(std::string_view answer, std::string_view reference,
                          const ChrfOptions& options) {
  ChrfCounts counts;
  const Symbols wanted = characters(without_white_space(reference));
  counts.orders =
      ngram_overlap(characters(without_white_space(answer)), {&wanted, 1}, kChrfCharacterOrders);
  if (options.word_orders > 0) {
    Vocabulary vocabulary;
    const Symbols words = vocabulary.symbols(chrf_words(answer));
    const Symbols wanted_words = vocabulary.symbols(chrf_words(reference));
    const auto overlaps = ngram_overlap(words, {&wanted_words, 1}, options.word_orders);
    counts.orders.insert(counts.orders.end(), overlaps.begin(), overlaps.end());
  }
  // An order that the reference is too short for says nothing about the answer.
  for (NgramOverlap& order : counts.orders) {
    if (order.reference == 0) order.answer = 0;
  }
  return counts;
}

}  // namespace

ChrfCounts& ChrfCounts::operator+=(const ChrfCounts& other) {
  orders.resize(std::max(orders.size(), other.orders.size()));
  for (std::size_t i = 0; i < other.orders.size(); ++i) {
    orders[i].answer += other.orders[i].answer;
    orders[i].reference += other.orders[i].reference;
    orders[i].common += other.orders[i].common;
  }
  return *this;
}

ChrfCounts chrf_counts(std::string_view answer, std::span<const std::string_view> references,
                       const ChrfOptions& options) {
  ChrfCounts best;
  double best_score = -1;
  for (std::string_view reference : references) {
    ChrfCounts counts = counts_against(answer, reference, options);
    if (const double score = chrf(counts); score > best_score) {
      best_score = score;
      best = std::move(counts);
    }
  }
  return best;
}

double chrf(const ChrfCounts& counts) {
  double precision = 0;
  double recall = 0;
  int orders = 0;
  for (const NgramOverlap& order : counts.orders) {
    if (order.answer == 0 || order.reference == 0) continue;
    precision += static_cast<double>(order.common) / static_cast<double>(order.answer);
    recall += static_cast<double>(order.common) / static_cast<double>(order.reference);
    ++orders;
  }
  if (orders == 0 || precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  constexpr double kBetaSquared = 4;
  return (1 + kBetaSquared) * precision * recall / (kBetaSquared * precision + recall);
}

double sentence_chrf(std::string_view answer, std::string_view reference,
                     const ChrfOptions& options) {
  return chrf(chrf_counts(answer, {&reference, 1}, options));
}

std::string chrf_signature(std::size_t references, const ChrfOptions& options) {
  return fmt::format("nrefs:{}|case:mixed|eff:yes|nc:{}|nw:{}|space:no|version:attune-1",
                     references, kChrfCharacterOrders, options.word_orders);
}

}  // namespace attune::metrics
