// Values, what follows them (attributes, indices, calls), filters and tests.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "text/jinja/parser.h"

namespace attune::text::jinja {

ExpressionPointer ExpressionParser::parse_target(bool with_attribute) {
  const Level level(*this);
  std::vector<ExpressionPointer> targets;
  bool is_tuple = false;
  do {
    if (skip_symbol("(")) {
      targets.push_back(parse_target(false));
      expect_symbol(")");
      continue;
    }
    if (!targets.empty() && current().kind != TokenKind::name) break;  // a trailing comma
    ExpressionPointer name = make(ExpressionKind::name);
    name->text = expect_name();
    constexpr std::array<std::string_view, 6> kConstants = {"true",  "True", "false",
                                                            "False", "none", "None"};
    if (std::find(kConstants.begin(), kConstants.end(), name->text) != kConstants.end()) {
      fail(fmt::format("can't assign to '{}'", name->text));
    }
    if (with_attribute && is_symbol(".")) {
      take();
      ExpressionPointer attribute = make(ExpressionKind::attribute);
      attribute->text = expect_name();
      attribute->parts.push_back(std::move(name));
      name = std::move(attribute);
    }
    targets.push_back(std::move(name));
  } while (is_symbol(",") && (is_tuple = true) && skip_symbol(","));
  if (!is_tuple) return std::move(targets[0]);
  ExpressionPointer tuple = make(ExpressionKind::tuple);
  tuple->parts = std::move(targets);
  return tuple;
}

ExpressionPointer ExpressionParser::parse_primary() {
  switch (current().kind) {
    case TokenKind::name:
      return parse_name();
    case TokenKind::integer:
    case TokenKind::real:
      return parse_number();
    case TokenKind::string: {
      ExpressionPointer node = make(ExpressionKind::constant);
      std::string text;
      while (current().kind == TokenKind::string) text += take().text;
      node->value = Value::trusted(std::move(text));
      return node;
    }
    default:
      break;
  }
  if (skip_symbol("(")) {
    ExpressionPointer inner = parse_tuple(true, true);
    expect_symbol(")");
    return inner;
  }
  if (is_symbol("[")) return parse_list();
  if (is_symbol("{")) return parse_dict();
  fail_at_current("a value");
}

ExpressionPointer ExpressionParser::parse_name() {
  ExpressionPointer node = make(ExpressionKind::constant);
  const std::string name = take().text;
  if (name == "true" || name == "True") {
    node->value = Value(true);
  } else if (name == "false" || name == "False") {
    node->value = Value(false);
  } else if (name != "none" && name != "None") {
    node->kind = ExpressionKind::name;
    node->text = name;
    saw_varargs = saw_varargs || name == "varargs";
    saw_kwargs = saw_kwargs || name == "kwargs";
    saw_caller = saw_caller || name == "caller";
  }
  return node;
}

ExpressionPointer ExpressionParser::parse_number() {
  ExpressionPointer node = make(ExpressionKind::constant);
  const bool is_real = current().kind == TokenKind::real;
  std::string digits = current().text;
  std::erase(digits, '_');
  if (is_real) {
    node->value = Value(std::strtod(digits.c_str(), nullptr));
  } else {
    int base = 10;
    std::size_t skip = 0;
    if (digits.size() > 2 && digits[0] == '0') {
      const char letter = static_cast<char>(digits[1] | 0x20);
      base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
      skip = base == 10 ? 0 : 2;
    }
    std::int64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data() + skip, end, value, base);
    if (read.ec != std::errc() || read.ptr != end)
      fail(fmt::format("the number {} is out of range", digits));
    node->value = Value(value);
  }
  take();
  return node;
}

ExpressionPointer ExpressionParser::parse_list() {
  ExpressionPointer node = make(ExpressionKind::list);
  expect_symbol("[");
  while (!is_symbol("]")) {
    if (!node->parts.empty()) {
      expect_symbol(",");
      if (is_symbol("]")) break;
    }
    node->parts.push_back(parse_expression());
  }
  expect_symbol("]");
  return node;
}

ExpressionPointer ExpressionParser::parse_dict() {
  ExpressionPointer node = make(ExpressionKind::dict);
  expect_symbol("{");
  while (!is_symbol("}")) {
    if (!node->parts.empty()) {
      expect_symbol(",");
      if (is_symbol("}")) break;
    }
    node->parts.push_back(parse_expression());
    expect_symbol(":");
    node->parts.push_back(parse_expression());
  }
  expect_symbol("}");
  return node;
}

ExpressionPointer ExpressionParser::parse_postfix(ExpressionPointer inner) {
  Chain chain(*this);
  while (true) {
    chain.grow();
    if (is_symbol(".")) {
      inner = parse_attribute(std::move(inner));
    } else if (is_symbol("[")) {
      inner = parse_subscript(std::move(inner));
    } else if (is_symbol("(")) {
      inner = parse_call(std::move(inner));
    } else {
      return inner;
    }
  }
}

ExpressionPointer ExpressionParser::parse_attribute(ExpressionPointer inner) {
  expect_symbol(".");
  if (current().kind == TokenKind::integer) {
    ExpressionPointer index = parse_number();
    ExpressionPointer node = make(ExpressionKind::item);
    node->parts.push_back(std::move(inner));
    node->parts.push_back(std::move(index));
    return node;
  }
  ExpressionPointer node = make(ExpressionKind::attribute);
  node->text = expect_name();
  node->parts.push_back(std::move(inner));
  return node;
}

ExpressionPointer ExpressionParser::parse_subscript(ExpressionPointer inner) {
  expect_symbol("[");
  ExpressionPointer node = make(ExpressionKind::slice);
  node->parts.push_back(std::move(inner));
  bool is_slice = false;
  for (int part = 0; part < 3; ++part) {
    const bool given = !is_symbol(":") && !is_symbol("]") && !is_symbol(",");
    node->parts.push_back(given ? parse_expression() : nullptr);
    if (part == 2 || !skip_symbol(":")) break;
    is_slice = true;
  }
  node->parts.resize(4);
  if (is_slice) {
    expect_symbol("]");
    return node;
  }
  if (node->parts[1] == nullptr) fail_at_current("an index");
  node->kind = ExpressionKind::item;
  node->parts.resize(2);
  if (is_symbol(",")) {
    ExpressionPointer tuple = make(ExpressionKind::tuple);
    tuple->parts.push_back(std::move(node->parts[1]));
    while (skip_symbol(",") && !is_symbol("]")) tuple->parts.push_back(parse_expression());
    node->parts[1] = std::move(tuple);
  }
  expect_symbol("]");
  return node;
}

ExpressionPointer ExpressionParser::parse_call(ExpressionPointer inner) {
  ExpressionPointer node = make(ExpressionKind::call);
  node->parts.push_back(std::move(inner));
  node->arguments = parse_arguments();
  return node;
}

CallArguments ExpressionParser::parse_arguments() {
  CallArguments arguments;
  expect_symbol("(");
  bool first = true;
  while (!is_symbol(")")) {
    if (!first) {
      expect_symbol(",");
      if (is_symbol(")")) break;
    }
    first = false;
    if (skip_symbol("**")) {
      arguments.more_named = parse_expression();
    } else if (skip_symbol("*")) {
      arguments.more_positional = parse_expression();
    } else if (current().kind == TokenKind::name && ahead().kind == TokenKind::symbol &&
               ahead().text == "=") {
      std::string name = take().text;
      take();
      arguments.named.emplace_back(std::move(name), parse_expression());
    } else {
      if (!arguments.named.empty() || arguments.more_named != nullptr) {
        fail("invalid syntax for function call expression");
      }
      arguments.positional.push_back(parse_expression());
    }
  }
  expect_symbol(")");
  return arguments;
}

ExpressionPointer ExpressionParser::parse_filters_and_tests(ExpressionPointer inner) {
  Chain chain(*this);
  while (true) {
    chain.grow();
    if (is_symbol("|")) {
      take();
      inner = parse_filter_name(std::move(inner));
    } else if (is_name("is")) {
      inner = parse_test(std::move(inner));
    } else if (is_symbol("(")) {
      inner = parse_call(std::move(inner));
    } else {
      return inner;
    }
  }
}

ExpressionPointer ExpressionParser::parse_filter_name(ExpressionPointer inner) {
  ExpressionPointer node = make(ExpressionKind::filter);
  node->text = expect_name();
  while (skip_symbol(".")) node->text += "." + expect_name();
  node->parts.push_back(std::move(inner));
  if (is_symbol("(")) node->arguments = parse_arguments();
  return node;
}

ExpressionPointer ExpressionParser::parse_filters(ExpressionPointer inner) {
  Chain chain(*this);
  while (skip_symbol("|")) {
    chain.grow();
    inner = parse_filter_name(std::move(inner));
  }
  return inner;
}

ExpressionPointer ExpressionParser::parse_test(ExpressionPointer inner) {
  const int line = current().line;
  take();
  const bool negated = skip_name("not");
  ExpressionPointer node = make(ExpressionKind::test);
  node->line = line;
  node->text = expect_name();
  while (skip_symbol(".")) node->text += "." + expect_name();
  node->parts.push_back(std::move(inner));
  const TokenKind kind = current().kind;
  const bool word_ends = is_name("else") || is_name("or") || is_name("and");
  const bool has_argument = kind == TokenKind::string || kind == TokenKind::integer ||
                            kind == TokenKind::real || is_symbol("[") || is_symbol("{") ||
                            (kind == TokenKind::name && !word_ends);
  if (is_symbol("(")) {
    node->arguments = parse_arguments();
  } else if (has_argument) {
    if (is_name("is")) fail("You cannot chain multiple tests with is");
    node->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  if (!negated) return node;
  ExpressionPointer inverse = make(ExpressionKind::logical_not);
  inverse->parts.push_back(std::move(node));
  return inverse;
}

}  // namespace attune::text::jinja
