// The formula of a multi grader: arithmetic over the scores of its graders.
//
//   ATTUNE_TRY(const Formula formula, Formula::parse("0.7 * exact + 0.3 * min(a, b)", names));
//   ATTUNE_TRY(const double score, formula.evaluate(scores));      // in the order of `names`
//
//   sum      = product (("+" | "-") product)*
//   product  = signed (("*" | "/") signed)*
//   signed   = ("+" | "-") signed | power
//   power    = atom (("^" | "**") signed)?          to the right: 2^3^2 = 2^9, -2^2 = -4
//   atom     = number | name | function "(" sum ("," sum)* ")" | "(" sum ")"
//
// Functions: min and max of one or more values, abs, floor, ceil, exp, sqrt, log (natural). A name
// with other characters than letters, digits and _ has _ in their place. Results that are no finite
// number are errors.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace attune::eval {

class Formula {
 public:
  // Names of equal spelling, names that are functions, and unknown names are errors.
  static Result<Formula> parse(std::string_view text, std::span<const std::string> names);
  Result<double> evaluate(std::span<const double> values) const;

 private:
  friend class FormulaParser;
  enum class Kind { number, value, negate, add, subtract, multiply, divide, power, call };
  enum class Function { min, max, abs, floor, ceil, exp, sqrt, log };
  struct Node {
    Kind kind = Kind::number;
    double number = 0;
    std::size_t value = 0;  // index in the names
    Function function = Function::min;
    std::vector<std::size_t> operands = {};  // nodes before this one
  };
  static double compute(const Node& node, std::span<const double> operands);

  std::string text_;
  std::vector<Node> nodes_;  // operands first; the last one is the result
};

// "my grader-2" -> "my_grader_2": how a formula calls it.
std::string formula_name(std::string_view name);

}  // namespace attune::eval
