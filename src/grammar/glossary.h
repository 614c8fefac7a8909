// Terms that answers should use and terms that they must not: the "x-glossary" of a contract file.
//
//   "x-glossary": {"preferred": ["sign-in"], "forbidden": {"log-in": "sign-in", "bug": "defect"}}
//
// Terms match whole words (Unicode letters, digits and _ make words), whatever the letter case and
// the width of white space. A forbidden term inside a preferred one ("defect" in "defect report")
// is not counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grammar/regex.h"
#include "io/json.h"

namespace attune::grammar {

struct ForbiddenUse {
  std::string term;     // as in the glossary
  std::string found;    // as in the text
  std::string instead;  // what to write; empty when the glossary names nothing
};

struct GlossaryUse {
  std::int64_t preferred = 0;  // occurrences
  std::vector<ForbiddenUse> forbidden;
};

class Glossary {
 public:
  Glossary() = default;
  static Result<Glossary> compile(const Json& glossary, std::string_view where);

  GlossaryUse check(std::string_view text) const;
  // All the strings (not the keys) of a JSON value.
  GlossaryUse check_strings(const Json& value) const;

  bool empty() const { return preferred_.empty() && forbidden_.empty(); }

 private:
  struct Term {
    std::string text;
    std::string instead;
    Regex regex;
  };
  void check_strings(const Json& value, GlossaryUse& use) const;

  std::vector<Term> preferred_;
  std::vector<Term> forbidden_;
};

}  // namespace attune::grammar
