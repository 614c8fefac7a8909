#include "metrics/meteor.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "metrics/porter_stem.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"

namespace attune::metrics {

namespace {

struct Word {
  std::size_t place = 0;
  std::string text;
};
using Matches = std::vector<std::pair<std::size_t, std::size_t>>;  // places in answer, reference

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::string& token : tokens_13a(text)) {
    words.push_back({words.size(), lower_text(token)});
  }
  return words;
}

// From the last word back, each word of the answer takes the last equal word of the reference that
// is still free. Matched words leave both lists.
void match_equal(std::vector<Word>& answer, std::vector<Word>& reference, Matches& matches) {
  std::unordered_map<std::string, std::vector<std::size_t>> places;
  for (std::size_t j = 0; j < reference.size(); ++j) places[reference[j].text].push_back(j);
  std::vector<bool> answer_used(answer.size());
  std::vector<bool> reference_used(reference.size());
  for (std::size_t i = answer.size(); i-- > 0;) {
    const auto found = places.find(answer[i].text);
    if (found == places.end() || found->second.empty()) continue;
    const std::size_t j = found->second.back();
    found->second.pop_back();
    answer_used[i] = reference_used[j] = true;
    matches.emplace_back(answer[i].place, reference[j].place);
  }
  const auto drop = [](std::vector<Word>& words, const std::vector<bool>& used) {
    std::vector<Word> left;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (!used[i]) left.push_back(std::move(words[i]));
    }
    words = std::move(left);
  };
  drop(answer, answer_used);
  drop(reference, reference_used);
}

}  // namespace

double meteor(std::string_view answer, std::string_view reference) {
  std::vector<Word> given = words_of(answer);
  std::vector<Word> wanted = words_of(reference);
  const auto given_count = static_cast<double>(given.size());
  const auto wanted_count = static_cast<double>(wanted.size());
  Matches matches;
  match_equal(given, wanted, matches);
  for (Word& word : given) word.text = porter_stem(word.text);
  for (Word& word : wanted) word.text = porter_stem(word.text);
  match_equal(given, wanted, matches);
  if (matches.empty()) return 0;
  std::sort(matches.begin(), matches.end());
  double chunks = 1;
  for (std::size_t i = 1; i < matches.size(); ++i) {
    const bool adjacent = matches[i].first == matches[i - 1].first + 1 &&
                          matches[i].second == matches[i - 1].second + 1;
    if (!adjacent) ++chunks;
  }
  constexpr double kAlpha = 0.9;
  constexpr double kBeta = 3;
  constexpr double kGamma = 0.5;
  const auto matched = static_cast<double>(matches.size());
  const double precision = matched / given_count;
  const double recall = matched / wanted_count;
  const double mean = precision * recall / (kAlpha * precision + (1 - kAlpha) * recall);
  return mean * (1 - kGamma * std::pow(chunks / matched, kBeta));
}

}  // namespace attune::metrics
