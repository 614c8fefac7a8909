#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <pcre2.h>

namespace attune::text {

Result<Regex> Regex::compile(std::string_view pattern, std::string_view where) {
  Result<Pattern> compiled =
      Pattern::compile(pattern, PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, where);
  if (!compiled) {
    compiled.error().fix = "take the file from the model's own release";
    return Failure(std::move(compiled).error());
  }
  return Regex(std::move(*compiled));
}

std::optional<Match> Regex::Search::next() {
  while (at_ <= text_.size()) {
    // After an empty match the next one must not be empty at the same place.
    const std::uint32_t options = last_was_empty_ ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0u;
    Pattern::Span span;
    if (pattern_.find(text_, at_, options, span) != Pattern::Outcome::found) {
      if (!last_was_empty_) return std::nullopt;
      last_was_empty_ = false;
      ++at_;
      while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0u) == 0x80u) ++at_;
      continue;
    }
    // \K can make a match that begins after its end or before the last one: not a split we could
    // use.
    if (span.end < span.begin || span.begin < at_) return std::nullopt;
    at_ = span.end;
    last_was_empty_ = span.begin == span.end;
    return Match{span.begin, span.end};
  }
  return std::nullopt;
}

}  // namespace attune::text
