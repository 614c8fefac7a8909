#include "eval/grader_formula.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune::eval {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kNames = {"a", "b"};
const std::vector<double> kValues = {2, 3};

double value_of(std::string_view text) {
  const auto formula = Formula::parse(text, kNames);
  if (!formula) {
    ADD_FAILURE() << text << ": " << formula.error().message();
    return NAN;
  }
  return formula->evaluate(kValues).value();
}

TEST(GraderFormulas, ComputeAsArithmeticDoes) {
  const std::vector<std::pair<std::string_view, double>> cases = {
      {"a", 2},
      {"0.5 * a + 0.5 * b", 2.5},
      {"a + b * a", 8},
      {"(a + b) * a", 10},
      {"b - a - 1", 0},
      {"b / a / 2", 0.75},
      {"-a ^ 2", -4},
      {"a ^ -1", 0.5},
      {"2 ^ b ^ 2", 512},
      {"2 ** b ** 2", 512},
      {"a*-b", -6},
      {"- - +a", 2},
      {"1e-1 * .5", 0.05},
      {"min(a, b, 1)", 1},
      {"max(a, b)", 3},
      {"max(a)", 2},
      {"abs(a - b) + floor(2.7) + ceil(2.1)", 6},
      {"exp(0) + sqrt(9) + log(1)", 4},
      {"\n  min( a ,\tb )\r\n", 2},
  };
  for (const auto& [text, wanted] : cases) EXPECT_DOUBLE_EQ(value_of(text), wanted) << text;
}

TEST(GraderFormulas, ThatAreFaultySayWhere) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"", "the end of the formula"},
      {"a +", "the end of the formula"},
      {"a b", "\"b\" at character 3"},
      {"0.5 * a + 0.5 * b)", "\")\" at character 18"},
      {"(a", "where \")\" is wanted"},
      {"a ** ", "the end of the formula"},
      {"a * * b", "\"* b\" at character 5"},
      {"c + 1", "\"c\", which is none of the graders a, b"},
      {"round(a)", "the unknown function \"round\""},
      {"sqrt(a, b)", "2 values for sqrt"},
      {"a > b", "\"> b\" at character 3"},
      {"1e999", "\"1e999\" at character 1"},
      {"a; system()", "\"; system()\" at character 2"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto formula = Formula::parse(text, kNames);
    ASSERT_FALSE(formula) << text;
    EXPECT_THAT(formula.error().message(), HasSubstr(std::string(wanted)));
  }
  EXPECT_FALSE(Formula::parse(std::string(100'000, '('), kNames));
  EXPECT_FALSE(Formula::parse(std::string(100'000, '-') + "a", kNames));
}

TEST(GraderFormulas, WithoutAFiniteResultAreErrors) {
  for (const char* text : {"1 / (a - 2)", "sqrt(0 - a)", "log(a - a)", "exp(exp(exp(9)))"}) {
    const auto result = Formula::parse(text, kNames)->evaluate(kValues);
    ASSERT_FALSE(result) << text;
    EXPECT_THAT(result.error().message(), HasSubstr("no finite number"));
  }
}

TEST(GraderFormulas, NeedNamesOfTheirOwn) {
  const std::vector<std::string> twice = {"a", "a"}, function = {"min"};
  EXPECT_THAT(Formula::parse("a", twice).error().message(), HasSubstr("two graders are called a"));
  EXPECT_THAT(Formula::parse("min", function).error().message(), HasSubstr("min is a function"));
  EXPECT_EQ(formula_name("my grader-2"), "my_grader_2");
  EXPECT_EQ(formula_name("2nd"), "_2nd");
}

}  // namespace
}  // namespace attune::eval
