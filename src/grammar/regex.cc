#define PCRE2_CODE_UNIT_WIDTH 8
#include "grammar/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

namespace attune::grammar {

namespace {

constexpr std::uint32_t kCommon = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY;

std::string name_of(std::string_view pattern) {
  return fmt::format("regular expression '{}'", pattern);
}

}  // namespace

Result<Regex> Regex::compile(std::string_view ecma_pattern) {
  ATTUNE_TRY(const std::string translated, translate_ecma_regex(ecma_pattern));
  ATTUNE_TRY(
      Pattern pattern,
      Pattern::compile(translated, kCommon | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF,
                       name_of(ecma_pattern)));
  return Regex(std::move(pattern));
}

Result<Regex> Regex::compile_caseless(std::string_view pcre_pattern) {
  ATTUNE_TRY(Pattern pattern, Pattern::compile(pcre_pattern, kCommon | PCRE2_UCP | PCRE2_CASELESS,
                                               name_of(pcre_pattern)));
  return Regex(std::move(pattern));
}

Match Regex::find(std::string_view text, std::size_t from, Pattern::Span& span) const {
  // A search may start in the middle of a character after an empty match: move to its end.
  while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
  switch (pattern_.find(text, from, 0, span)) {
    case Pattern::Outcome::found:
      return Match::yes;
    case Pattern::Outcome::none:
      return Match::no;
    case Pattern::Outcome::exhausted:
      return Match::exhausted;
  }
  return Match::exhausted;
}

Match Regex::search(std::string_view text) const {
  Pattern::Span span;
  return find(text, 0, span);
}

}  // namespace attune::grammar
