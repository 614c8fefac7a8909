// The checks of ifeval.h, one function an instruction. Each says whether the answer follows it,
// by the published program's rules; letter case and white space are Unicode's. Internal to
// src/metrics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::metrics::ifeval {

// "at least" or "less than" a number.
struct Bound {
  bool at_least = true;
  std::int64_t number = 0;
  bool holds(std::int64_t count) const { return at_least ? count >= number : count < number; }
};

// Words (ifeval_words.cc)
bool has_all_keywords(std::string_view answer, const std::vector<std::string>& keywords);
bool has_keyword_often(std::string_view answer, std::string_view keyword, const Bound& bound);
bool has_no_forbidden_word(std::string_view answer, const std::vector<std::string>& words);
bool has_letter_often(std::string_view answer, std::string_view letter, const Bound& bound);
bool has_words(std::string_view answer, const Bound& bound);
bool has_sentences(std::string_view answer, const Bound& bound);
bool has_capital_words(std::string_view answer, const Bound& bound);
bool is_english_in_capitals(std::string_view answer);
bool is_english_in_lower_case(std::string_view answer);
bool is_in_language(std::string_view answer, std::string_view code);
bool has_no_comma(std::string_view answer);

// Form (ifeval_form.cc)
bool has_paragraphs(std::string_view answer, std::int64_t number);  // divided by ***
bool has_paragraph_with_first_word(std::string_view answer, std::int64_t paragraphs,
                                   std::int64_t nth, std::string_view first_word);
bool has_postscript(std::string_view answer, std::string_view marker);
bool has_placeholders(std::string_view answer, std::int64_t at_least);
bool has_bullets(std::string_view answer, std::int64_t exactly);
bool is_constrained_response(std::string_view answer);
bool has_highlights(std::string_view answer, std::int64_t at_least);
bool has_sections(std::string_view answer, std::string_view splitter, std::int64_t at_least);
bool is_json(std::string_view answer);
bool has_title(std::string_view answer);
bool has_two_responses(std::string_view answer);
bool repeats_prompt(std::string_view answer, std::string_view prompt);
bool ends_with_phrase(std::string_view answer, std::string_view phrase);
bool is_quoted(std::string_view answer);

}  // namespace attune::metrics::ifeval
