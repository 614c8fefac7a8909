#include "grammar/glossary.h"

#include <gtest/gtest.h>

namespace attune::grammar {
namespace {

Glossary glossary(const Json& document) {
  Result<Glossary> result = Glossary::compile(document, "contract.json");
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message());
  return result ? *result : Glossary();
}

TEST(Glossary, MatchesWholeWordsInAnyLetterCase) {
  const Glossary terms = glossary({{"forbidden", {{"bug", "defect"}}}});
  EXPECT_EQ(terms.check("A Bug, two BUGS and a debug. bug").forbidden.size(), 2u);
  EXPECT_TRUE(terms.check("bug_report b\u00fcg bugfix \u00e9bug bug1").forbidden.empty());
  EXPECT_EQ(terms.check("(bug)").forbidden[0].instead, "defect");
  EXPECT_EQ(terms.check("Bug").forbidden[0].found, "Bug");
}

TEST(Glossary, MatchesPhrasesAcrossAnyWhiteSpaceAndTakesSymbolsLiterally) {
  const Glossary terms = glossary({{"forbidden", {{"log in", ""}, {"C++ (old)", ""}}}});
  EXPECT_EQ(terms.check("please log \n in").forbidden.size(), 1u);
  EXPECT_EQ(terms.check("use C++ (old) here").forbidden.size(), 1u);
  EXPECT_TRUE(terms.check("login; CCC old").forbidden.empty());
}

TEST(Glossary, LetsAPreferredTermHoldAForbiddenOne) {
  const Glossary terms =
      glossary({{"preferred", {"defect report"}}, {"forbidden", {{"report", "record"}}}});
  const GlossaryUse use = terms.check("A defect report and a report");
  EXPECT_EQ(use.preferred, 1);
  EXPECT_EQ(use.forbidden.size(), 1u);
}

TEST(Glossary, LooksIntoTheStringsOfAValueAndNotItsKeys) {
  const Glossary terms = glossary({{"forbidden", {{"bug", "defect"}}}});
  const Json value = {{"bug", {"a bug", 1, nullptr, {{"x", "bug"}}}}};
  EXPECT_EQ(terms.check_strings(value).forbidden.size(), 2u);
}

TEST(Glossary, RefusesMalformedGlossaries) {
  for (const Json& bad :
       {Json("x"), Json{{"prefer", {"a"}}}, Json{{"preferred", "a"}}, Json{{"preferred", {1}}},
        Json{{"forbidden", {"a"}}}, Json{{"forbidden", {{"a", 1}}}}, Json{{"preferred", {" "}}}}) {
    Result<Glossary> result = Glossary::compile(bad, "contract.json");
    ASSERT_FALSE(result.has_value()) << bad.dump();
    EXPECT_NE(result.error().message().find("contract.json#/x-glossary"), std::string::npos);
  }
}

}  // namespace
}  // namespace attune::grammar
