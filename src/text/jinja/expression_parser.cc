#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "text/jinja/parser.h"

namespace attune::text::jinja {

namespace {

// Of blocks and brackets, and of chains such as a.b.c and 1 + 1 + 1, which nest in the tree as
// well.
constexpr int kDeepestSyntax = 400;

ExpressionPointer with_parts(ExpressionPointer node, ExpressionPointer first,
                             ExpressionPointer second) {
  node->parts.push_back(std::move(first));
  node->parts.push_back(std::move(second));
  return node;
}

}  // namespace

ExpressionParser::Level::Level(ExpressionParser& parser) : parser_(parser) {
  if (++parser_.depth_ > kDeepestSyntax) {
    --parser_.depth_;
    parser_.fail("the template is nested too deep");
  }
}

void ExpressionParser::Chain::grow() {
  ++links_;
  if (++parser_.depth_ > kDeepestSyntax) parser_.fail("an expression of the template is too long");
}

ExpressionPointer ExpressionParser::make(ExpressionKind kind) const {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = current().line;
  return node;
}

ExpressionPointer ExpressionParser::parse_tuple(bool with_condition, bool may_be_empty) {
  const auto ends = [&] {
    const TokenKind kind = current().kind;
    return kind == TokenKind::variable_end || kind == TokenKind::block_end ||
           kind == TokenKind::end || is_symbol(")");
  };
  if (ends() && may_be_empty) return make(ExpressionKind::tuple);
  const auto parse_one = [&] { return with_condition ? parse_expression() : parse_or(); };
  ExpressionPointer first = parse_one();
  if (!is_symbol(",")) return first;
  ExpressionPointer tuple = make(ExpressionKind::tuple);
  tuple->parts.push_back(std::move(first));
  while (skip_symbol(",") && !ends()) tuple->parts.push_back(parse_one());
  return tuple;
}

ExpressionPointer ExpressionParser::parse_expression() {
  const Level level(*this);
  ExpressionPointer value = parse_or();
  Chain chain(*this);
  while (is_name("if")) {
    chain.grow();
    take();
    ExpressionPointer choice = make(ExpressionKind::conditional);
    choice->parts.push_back(std::move(value));
    choice->parts.push_back(parse_or());
    if (skip_name("else")) choice->parts.push_back(parse_expression());
    value = std::move(choice);
  }
  return value;
}

ExpressionPointer ExpressionParser::parse_or() {
  ExpressionPointer left = parse_and();
  Chain chain(*this);
  while (skip_name("or")) {
    chain.grow();
    left = with_parts(make(ExpressionKind::logical_or), std::move(left), parse_and());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_and() {
  ExpressionPointer left = parse_not();
  Chain chain(*this);
  while (skip_name("and")) {
    chain.grow();
    left = with_parts(make(ExpressionKind::logical_and), std::move(left), parse_not());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_not() {
  if (!is_name("not")) return parse_comparison();
  const Level level(*this);
  ExpressionPointer node = make(ExpressionKind::logical_not);
  take();
  node->parts.push_back(parse_not());
  return node;
}

ExpressionPointer ExpressionParser::parse_comparison() {
  constexpr std::array<std::string_view, 6> kSigns = {"==", "!=", "<", "<=", ">", ">="};
  ExpressionPointer first = parse_sum();
  ExpressionPointer node;
  while (true) {
    std::string sign;
    const bool is_sign = current().kind == TokenKind::symbol &&
                         std::find(kSigns.begin(), kSigns.end(), current().text) != kSigns.end();
    if (is_sign) {
      sign = take().text;
    } else if (skip_name("in")) {
      sign = "in";
    } else if (is_name("not") && ahead().kind == TokenKind::name && ahead().text == "in") {
      take();
      take();
      sign = "not in";
    } else {
      return node == nullptr ? std::move(first) : std::move(node);
    }
    if (node == nullptr) {
      node = make(ExpressionKind::comparison);
      node->parts.push_back(std::move(first));
    }
    node->signs.push_back(std::move(sign));
    node->parts.push_back(parse_sum());
  }
}

ExpressionPointer ExpressionParser::parse_sum() {
  ExpressionPointer left = parse_concatenation();
  Chain chain(*this);
  while (is_symbol("+") || is_symbol("-")) {
    chain.grow();
    ExpressionPointer node = make(ExpressionKind::arithmetic);
    node->text = take().text;
    left = with_parts(std::move(node), std::move(left), parse_concatenation());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_concatenation() {
  ExpressionPointer first = parse_product();
  if (!is_symbol("~")) return first;
  ExpressionPointer node = make(ExpressionKind::concatenate);
  node->parts.push_back(std::move(first));
  while (skip_symbol("~")) node->parts.push_back(parse_product());
  return node;
}

ExpressionPointer ExpressionParser::parse_product() {
  ExpressionPointer left = parse_power();
  Chain chain(*this);
  while (is_symbol("*") || is_symbol("/") || is_symbol("//") || is_symbol("%")) {
    chain.grow();
    ExpressionPointer node = make(ExpressionKind::arithmetic);
    node->text = take().text;
    left = with_parts(std::move(node), std::move(left), parse_power());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_power() {
  ExpressionPointer left = parse_unary(true);
  Chain chain(*this);
  while (is_symbol("**")) {
    chain.grow();
    ExpressionPointer node = make(ExpressionKind::arithmetic);
    node->text = take().text;
    left = with_parts(std::move(node), std::move(left), parse_unary(true));
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_unary(bool with_filters) {
  const Level level(*this);
  ExpressionPointer node;
  if (is_symbol("-") || is_symbol("+")) {
    node = make(is_symbol("-") ? ExpressionKind::negate : ExpressionKind::plus);
    take();
    node->parts.push_back(parse_unary(false));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filters ? parse_filters_and_tests(std::move(node)) : std::move(node);
}

}  // namespace attune::text::jinja
