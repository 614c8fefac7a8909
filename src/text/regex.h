// Regular expressions over UTF-8 with Unicode classes, for the patterns that tokenizer files carry.
// Compiled once, used from any number of threads. Text that is not UTF-8 is allowed: no match
// covers a stray byte.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/pattern.h"
#include "base/result.h"

namespace attune::text {

struct Match {
  std::size_t begin;
  std::size_t end;
  bool operator==(const Match&) const = default;
};

class Regex {
 public:
  // `where` names the file and the field for the error message.
  static Result<Regex> compile(std::string_view pattern, std::string_view where);

  // Walks over the matches of one text, left to right.
  class Search {
   public:
    Search(const Regex& regex, std::string_view text) : pattern_(regex.pattern_), text_(text) {}
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;
    // The next match; nullopt at the end, and when the pattern needs more steps than the limit.
    std::optional<Match> next();

   private:
    const Pattern& pattern_;
    std::string_view text_;
    std::size_t at_ = 0;
    bool last_was_empty_ = false;
  };

 private:
  explicit Regex(Pattern pattern) : pattern_(std::move(pattern)) {}
  Pattern pattern_;
};

}  // namespace attune::text
