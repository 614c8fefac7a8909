// Other wordings of an input that mean the same, made by rules: free, repeatable, and each of a
// kind that can be checked. Answers to them show how much a model hangs on the wording (S2 of
// consistency.h).
//
//   case         the first letter of each line changes its case, where a lower-case letter follows
//   punctuation  the mark that ends the input is dropped, or one is added
//   order        JSON: members in reverse order; lines "Name: value": the lines in reverse order
//   spacing      JSON: indented or compact; text: line breaks doubled or halved
//   synonym      one of the listed words is replaced by its synonym
//   frame        words of courtesy around the whole
//
// JSON inputs only change by order and spacing, so their values stay the same.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune::metrics {

struct Paraphrase {
  std::string rule;
  std::string text;
};

struct ParaphraseOptions {
  // Whole words, replaced at their first place, in either direction.
  std::vector<std::pair<std::string, std::string>> synonyms = {
      {"show", "display"}, {"begin", "start"}, {"buy", "purchase"}, {"wrong", "incorrect"}};
  // "{}" stands for the input.
  std::vector<std::string> frames = {"Please answer this:\n{}", "{}\nThank you."};
};

// Every variant that differs from the input, in the order of the list above.
std::vector<Paraphrase> paraphrases(std::string_view input, const ParaphraseOptions& options = {});

}  // namespace attune::metrics
