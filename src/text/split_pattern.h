// The rule that cuts text into words before BPE. The patterns of the large model families are
// matched by hand-written code (several times faster than a regular expression); any other pattern
// goes through Regex.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "text/regex.h"

namespace attune::text {

// Where the word that starts at text[at] ends. Total: every text is cut into words without gaps.
using WordEnd = std::size_t (*)(std::string_view text, std::size_t at);

// As in tokenizer.json; each is also what its hand-written twin implements.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Ours: a space belongs to the lower-case word after it, but a capital, a digit and a sign start
// afresh. A name is then the same tokens after a space, after a quotation mark and at the start of
// a line, so copying it into JSON repeats tokens; with the patterns above it has to be spelled
// anew.
inline constexpr std::string_view kCopyingPattern =
    R"('(?:[stmd]|re|ve|ll)(?!\p{L})| ?[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]+|\p{Lu}+[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::size_t gpt2_word_end(std::string_view text, std::size_t at);
std::size_t llama3_word_end(std::string_view text, std::size_t at);
std::size_t qwen2_word_end(std::string_view text, std::size_t at);
std::size_t copying_word_end(std::string_view text, std::size_t at);

class SplitPattern {
 public:
  static Result<SplitPattern> from_regex(std::string_view pattern, std::string_view where);
  static SplitPattern from_string(std::string_view literal);

  // Of a pattern that is matched by hand-written code and cuts all text into words; else null.
  WordEnd word_end() const {
    const WordEnd* rule = std::get_if<WordEnd>(&rule_);
    return rule == nullptr ? nullptr : *rule;
  }

  // Calls found(match) for each match, left to right.
  void for_each_match(std::string_view text, const std::function<void(Match)>& found) const;

 private:
  using Rule = std::variant<WordEnd, std::string, Regex>;
  explicit SplitPattern(Rule rule) : rule_(std::move(rule)) {}
  Rule rule_;
};

}  // namespace attune::text
