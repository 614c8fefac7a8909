#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/module_pattern.h"

#include <fmt/format.h>
#include <pcre2.h>

#include "base/pattern.h"

namespace attune::model {

Result<bool> matches_whole(std::string_view expression, std::string_view path,
                           std::string_view where) {
  ATTUNE_TRY(const Pattern pattern,
             Pattern::compile(expression, PCRE2_ANCHORED | PCRE2_ENDANCHORED, where));
  Pattern::Span span;
  const Pattern::Outcome outcome = pattern.find(path, 0, 0, span);
  if (outcome != Pattern::Outcome::exhausted) return outcome == Pattern::Outcome::found;
  return bad_input({.where = std::string(where),
                    .found = fmt::format("\"{}\", which takes too long to match", expression),
                    .wanted = "a simpler regular expression"});
}

}  // namespace attune::model
