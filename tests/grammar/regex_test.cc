#include "grammar/regex.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace attune::grammar {
namespace {

Match search(const char* pattern, const std::string& text) {
  Result<Regex> regex = Regex::compile(pattern);
  EXPECT_TRUE(regex.has_value()) << pattern;
  return regex ? regex->search(text) : Match::no;
}

TEST(Regex, FollowsEcmaWherePcreDiffers) {
  struct Case {
    const char* pattern;
    std::string text;
    Match wanted;
  };
  const std::vector<Case> cases{
      {"^abc$", "abc\n", Match::no},
      {"^\\d$", "\u09ea", Match::no},
      {"^\\w$", "\u00e9", Match::no},
      {"^\\s$", "\ufeff", Match::yes},
      {"^\\S$", "\u2029", Match::no},
      {"^[\\s]+$", "\u00a0 \t", Match::yes},
      {"^\\v$", "\n", Match::no},
      {"^.$", "\u2028", Match::no},
      {"^.$", "\U0001F432", Match::yes},
      {"^\\uD83D\\uDC32$", "\U0001F432", Match::yes},
      {"^\\u{1F432}$", "\U0001F432", Match::yes},
      {"^[[:alpha:]]$", "l]", Match::yes},
      {"^\\p{Script=Greek}+$", "\u03b1\u03b2", Match::yes},
      {"a{,2}", "a{,2}", Match::yes},
      {"[]", "a", Match::no},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(search(one.pattern, one.text), one.wanted) << one.pattern << " on " << one.text;
  }
}

TEST(Regex, RefusesWhatEcmaDoesNotHave) {
  for (const char* pattern :
       {"\\Z", "\\A", "\\Qa\\E", "\\K", "(?i)a", "(?>a)", "a++", "a{2}+", "(*UTF)a", "\\", "[a",
        "(a", "\\p{Nonsense}", "\\u12", "\\c1", "\\C"}) {
    Result<Regex> regex = Regex::compile(pattern);
    EXPECT_FALSE(regex.has_value()) << pattern;
    if (regex.has_value()) continue;
    EXPECT_NE(regex.error().message().find(pattern), std::string::npos);
  }
}

TEST(Regex, StopsAPatternThatExplodes) {
  EXPECT_EQ(search("^(a|aa)+$", std::string(5000, 'a') + "b"), Match::exhausted);
}

TEST(Regex, FindsEveryMatchAndSurvivesEmptyOnes) {
  Result<Regex> regex = Regex::compile("b*");
  ASSERT_TRUE(regex.has_value());
  std::vector<std::string> found;
  const std::string text = "\u00e9bb\u00e9";
  EXPECT_TRUE(regex->for_each(text, [&](std::size_t begin, std::size_t end) {
    found.push_back(text.substr(begin, end - begin));
  }));
  EXPECT_EQ(found, (std::vector<std::string>{"", "bb", "", ""}));
}

}  // namespace
}  // namespace attune::grammar
