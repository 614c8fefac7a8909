#include "eval/grader_formula.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace attune::eval {

namespace {

constexpr int kDeepest = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::string formula_name(std::string_view name) {
  std::string made;
  if (name.empty() || is_digit(name.front())) made = '_';
  for (const char c : name) made += is_name_character(c) ? c : '_';
  return made;
}

// Reads the text from left to right; each method reads one rule of the grammar in the header and
// gives the node it made. After an error the nodes are of no use.
class FormulaParser {
 public:
  FormulaParser(std::string_view text, std::span<const std::string> names)
      : text_(text), names_(names) {}

  Result<Formula> parse() {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (function_of(names_[i])) fail(names_[i] + " is a function and the name of a grader");
      if (std::find(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(i), names_[i]) !=
          names_.begin() + static_cast<std::ptrdiff_t>(i))
        fail("two graders are called " + names_[i]);
    }
    sum();
    if (!error_ && (skip_blanks(), at_ < text_.size())) fail(found_here());
    if (error_) return Failure(*error_);
    formula_.text_ = text_;
    return std::move(formula_);
  }

 private:
  using Kind = Formula::Kind;
  using Function = Formula::Function;

  static std::optional<Function> function_of(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, Function>, 8> kFunctions = {
        {{"min", Function::min},
         {"max", Function::max},
         {"abs", Function::abs},
         {"floor", Function::floor},
         {"ceil", Function::ceil},
         {"exp", Function::exp},
         {"sqrt", Function::sqrt},
         {"log", Function::log}}};
    for (const auto& [known, function] : kFunctions)
      if (known == name) return function;
    return {};
  }

  std::size_t sum() {
    if (++depth_ > kDeepest) fail("too many parentheses");
    std::size_t left = product();
    while (!error_) {
      if (take("+"))
        left = node(Kind::add, {left, product()});
      else if (take("-"))
        left = node(Kind::subtract, {left, product()});
      else
        break;
    }
    --depth_;
    return left;
  }

  std::size_t product() {
    std::size_t left = with_sign();
    while (!error_) {
      if (take("*"))
        left = node(Kind::multiply, {left, with_sign()});
      else if (take("/"))
        left = node(Kind::divide, {left, with_sign()});
      else
        break;
    }
    return left;
  }

  std::size_t with_sign() {
    if (++depth_ > kDeepest) fail("too many signs");
    std::size_t made = 0;
    if (error_)
      made = 0;
    else if (take("-"))
      made = node(Kind::negate, {with_sign()});
    else if (take("+"))
      made = with_sign();
    else
      made = power();
    --depth_;
    return made;
  }

  std::size_t power() {
    const std::size_t base = atom();
    if (error_ || !(take("^") || take("**"))) return base;
    return node(Kind::power, {base, with_sign()});
  }

  std::size_t atom() {
    skip_blanks();
    if (error_) return 0;
    if (take("(")) {
      const std::size_t inside = sum();
      need(")");
      return inside;
    }
    if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) return number();
    if (at_ < text_.size() && is_name_character(text_[at_])) return name();
    fail(found_here());
    return 0;
  }

  std::size_t number() {
    Formula::Node made;
    const char* const first = text_.data() + at_;
    const auto [end, fault] = std::from_chars(first, text_.data() + text_.size(), made.number);
    if (fault != std::errc() || !std::isfinite(made.number)) {
      fail(found_here());
      return 0;
    }
    at_ += static_cast<std::size_t>(end - first);
    return add(std::move(made));
  }

  std::size_t name() {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_name_character(text_[at_])) ++at_;
    const std::string_view word = text_.substr(first, at_ - first);
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '(') return call(word);
    const auto found = std::find(names_.begin(), names_.end(), word);
    if (found == names_.end()) {
      fail(fmt::format("\"{}\", which is none of the graders {}", word, fmt::join(names_, ", ")));
      return 0;
    }
    Formula::Node made{.kind = Kind::value};
    made.value = static_cast<std::size_t>(found - names_.begin());
    return add(std::move(made));
  }

  std::size_t call(std::string_view word) {
    const auto function = function_of(word);
    if (!function) {
      fail(fmt::format("the unknown function \"{}\"", word));
      return 0;
    }
    need("(");
    std::vector<std::size_t> operands = {sum()};
    while (!error_ && take(",")) operands.push_back(sum());
    need(")");
    const bool takes_any = *function == Function::min || *function == Function::max;
    if (!error_ && !takes_any && operands.size() != 1)
      fail(fmt::format("{} values for {}, which takes one", operands.size(), word));
    const std::size_t made = node(Kind::call, std::move(operands));
    if (!error_) formula_.nodes_[made].function = *function;
    return made;
  }

  std::size_t node(Kind kind, std::vector<std::size_t> operands) {
    Formula::Node made{.kind = kind};
    made.operands = std::move(operands);
    return add(std::move(made));
  }
  std::size_t add(Formula::Node made) {
    formula_.nodes_.push_back(std::move(made));
    return formula_.nodes_.size() - 1;
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool take(std::string_view sign) {
    skip_blanks();
    if (error_ || !text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  void need(std::string_view sign) {
    if (!error_ && !take(sign)) fail(fmt::format("{} where \"{}\" is wanted", found_here(), sign));
  }
  std::string found_here() const {
    return at_ < text_.size()
               ? fmt::format("\"{}\" at character {}", text_.substr(at_, 12), at_ + 1)
               : std::string("the end of the formula");
  }
  void fail(const std::string& found) {
    if (error_) return;
    error_ = Error{.kind = ErrorKind::bad_input,
                   .where = "calculate_output",
                   .found = found,
                   .wanted =
                       "numbers, names of graders, + - * / ^ **, parentheses, and min, max, "
                       "abs, floor, ceil, exp, sqrt, log",
                   .fix = {}};
  }

  std::string_view text_;
  std::span<const std::string> names_;
  Formula formula_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::optional<Error> error_;
};

Result<Formula> Formula::parse(std::string_view text, std::span<const std::string> names) {
  return FormulaParser(text, names).parse();
}

double Formula::compute(const Node& node, std::span<const double> operands) {
  switch (node.kind) {
    case Kind::negate:
      return -operands[0];
    case Kind::add:
      return operands[0] + operands[1];
    case Kind::subtract:
      return operands[0] - operands[1];
    case Kind::multiply:
      return operands[0] * operands[1];
    case Kind::divide:
      return operands[0] / operands[1];
    case Kind::power:
      return std::pow(operands[0], operands[1]);
    case Kind::number:
    case Kind::value:
      return 0;  // not computed
    case Kind::call:
      break;
  }
  switch (node.function) {
    case Function::min:
      return *std::min_element(operands.begin(), operands.end());
    case Function::max:
      return *std::max_element(operands.begin(), operands.end());
    case Function::abs:
      return std::abs(operands[0]);
    case Function::floor:
      return std::floor(operands[0]);
    case Function::ceil:
      return std::ceil(operands[0]);
    case Function::exp:
      return std::exp(operands[0]);
    case Function::sqrt:
      return std::sqrt(operands[0]);
    case Function::log:
      return std::log(operands[0]);
  }
  return 0;
}

Result<double> Formula::evaluate(std::span<const double> values) const {
  std::vector<double> results(nodes_.size());
  std::vector<double> operands;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.kind == Kind::number) {
      results[i] = node.number;
    } else if (node.kind == Kind::value) {
      results[i] = values[node.value];
    } else {
      operands.clear();
      for (const std::size_t operand : node.operands) operands.push_back(results[operand]);
      results[i] = compute(node, operands);
    }
    if (!std::isfinite(results[i])) {
      return bad_input({.where = fmt::format("calculate_output \"{}\"", text_),
                        .found = "a result that is no finite number",
                        .wanted = "no division by zero, root or logarithm of a negative number"});
    }
  }
  return results.back();
}

}  // namespace attune::eval
