// A compiled PCRE2 pattern with bounds on the effort of a match: what every layer's regular
// expressions stand on. Which syntax and which options a pattern has is the caller's choice
// (PCRE2_UTF, PCRE2_CASELESS, ...).
//
//   ATTUNE_TRY(Pattern pattern, Pattern::compile("a+", PCRE2_UTF, "config.json: pattern"));
//   Span span;
//   if (pattern.find(text, 0, 0, span) == Pattern::Outcome::found) ...
//
// Compiled once, used from any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace attune {

class Pattern {
 public:
  struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  enum class Outcome { found, none, exhausted };  // exhausted: a limit ended the search

  // `where` names the pattern's place in the error of one that does not compile.
  static Result<Pattern> compile(std::string_view expression, std::uint32_t options,
                                 std::string_view where);

  // The first match at or behind `from`.
  Outcome find(std::string_view text, std::size_t from, std::uint32_t match_options,
               Span& span) const;

 private:
  struct Program;
  explicit Pattern(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;  // shared by copies; immutable
};

}  // namespace attune
