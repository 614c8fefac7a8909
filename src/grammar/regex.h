// Regular expressions of JSON Schema: ECMA-262 syntax with Unicode semantics, matched anywhere in
// the text.
//
//   ATTUNE_TRY(Regex regex, Regex::compile("^[A-Z]{3}-\\d+$"));
//   regex.search(text) == Match::yes
//
// The pattern is checked and translated to PCRE2 (so \d and \w stay ASCII, "." and \s follow ECMA,
// .NET and Perl extensions are refused by name). Matching has a step limit: a pattern that explodes
// answers `exhausted`.
#pragma once

#include <string>
#include <string_view>

#include "base/pattern.h"
#include "base/result.h"

namespace attune::grammar {

enum class Match { no, yes, exhausted };

class Regex {
 public:
  static Result<Regex> compile(std::string_view ecma_pattern);

  // A pattern already in PCRE2 syntax, Unicode and case-insensitive; for patterns that we write
  // ourselves.
  static Result<Regex> compile_caseless(std::string_view pcre_pattern);

  Match search(std::string_view text) const;

  // Calls found(begin, end) for each non-overlapping match, left to right; false when a limit
  // stopped it.
  template <typename Found>
  bool for_each(std::string_view text, Found&& found) const {
    std::size_t from = 0;
    Pattern::Span span;
    while (from <= text.size()) {
      const Match match = find(text, from, span);
      if (match != Match::yes) return match == Match::no;
      found(span.begin, span.end);
      from = span.end > span.begin ? span.end : span.end + 1;
    }
    return true;
  }

 private:
  explicit Regex(Pattern pattern) : pattern_(std::move(pattern)) {}
  Match find(std::string_view text, std::size_t from, Pattern::Span& span) const;

  Pattern pattern_;
};

// The PCRE2 spelling of an ECMA-262 pattern (flag u), or what in it is not ECMA-262.
Result<std::string> translate_ecma_regex(std::string_view pattern);

}  // namespace attune::grammar
