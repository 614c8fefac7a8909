// The texts by which examples are compared with each other: what a row asks, and what it answers.
//
// What a row asks is everything before its last answer, as comparison_key() has it, without what
// says nothing about the row: lines that stand in more than half of the rows (of four or more), and
// system messages unless most rows have one of their own.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace attune::data {

// What rows have in common, and so says nothing about one of them.
struct SharedText {
  bool instructions_count = false;  // most rows have a system message of their own
  std::set<std::uint64_t> lines;    // hashes of lines, as comparison_key() has them
};
SharedText shared_text(std::span<const Example> examples);

struct ExampleTexts {
  std::vector<std::string> questions;
  std::vector<std::string> rows;  // the question, a line end, the answer
  // Two rows with the same have the same messages before the answer, and the same tools, whatever
  // is shared by all. Letter case and white space do not count.
  std::vector<std::uint64_t> prompts;
  // Two rows with the same differ in numbers, dates and names at most; 0: too few words to tell.
  std::vector<std::uint64_t> skeletons;

  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
  std::string_view answer(std::int64_t row) const;
  // The question, or all that a row without one has (plain text).
  const std::string& asked(std::int64_t row) const;
};

ExampleTexts example_texts(std::span<const Example> examples);
ExampleTexts example_texts(std::span<const Example> examples, const SharedText& shared);

// ExampleTexts::prompts of one example.
std::uint64_t prompt_hash(const Example& example);

// Before the last answer; the last answer with its tool calls. As they stand, for showing.
std::string question_text(const Example& example);
std::string answer_text(const Example& example);

// A text with the words that change between fillings of one template replaced: those with a digit
// by #, names (capital letters inside a sentence) by @; the rest in lower case. Empty when fewer
// than four plain words are left.
std::string skeleton(std::string_view text);

}  // namespace attune::data
