// Builds the syntax tree of a template.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/lexer.h"
#include "text/jinja/syntax.h"

namespace attune::text::jinja {

// Throws TemplateError with the line.
Body parse_template(std::string_view source);

// Walks over the tokens; the base of both parsers.
class TokenReader {
 public:
  explicit TokenReader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  Token take();
  bool is_symbol(std::string_view symbol) const;
  bool is_name(std::string_view name) const;
  bool skip_symbol(std::string_view symbol);
  bool skip_name(std::string_view name);
  void expect_symbol(std::string_view symbol);
  void expect_kind(TokenKind kind, std::string_view what);
  std::string expect_name();
  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void fail_at_current(std::string_view wanted) const;

 private:
  std::vector<Token> tokens_;  // ends with TokenKind::end
  std::size_t at_ = 0;
};

// Expressions. Names that a macro may use implicitly are noted as they are met.
class ExpressionParser : public TokenReader {
 public:
  using TokenReader::TokenReader;

  // With commas: a tuple.
  ExpressionPointer parse_tuple(bool with_condition = true, bool may_be_empty = false);
  ExpressionPointer parse_expression();
  // Without "in" and comparisons: the names on the left of an assignment or of "in".
  ExpressionPointer parse_target(bool with_attribute);
  // | name(...) | name(...), starting from `inner` (null in a filter block).
  ExpressionPointer parse_filters(ExpressionPointer inner);
  // The first filter of a filter block has no "|" before it.
  ExpressionPointer parse_filter_name(ExpressionPointer inner);
  ExpressionPointer parse_or();

  bool saw_varargs = false;
  bool saw_kwargs = false;
  bool saw_caller = false;

 protected:
  // Counts levels of nesting, in expressions and blocks alike.
  class Level {
   public:
    explicit Level(ExpressionParser& parser);
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    ExpressionParser& parser_;
  };
  // Counts the links of a chain, for as long as the chain is parsed.
  class Chain {
   public:
    explicit Chain(ExpressionParser& parser) : parser_(parser) {}
    ~Chain() { parser_.depth_ -= links_; }
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;
    void grow();

   private:
    ExpressionParser& parser_;
    int links_ = 0;
  };
  ExpressionPointer make(ExpressionKind kind) const;

 private:
  ExpressionPointer parse_and();
  ExpressionPointer parse_not();
  ExpressionPointer parse_comparison();
  ExpressionPointer parse_sum();
  ExpressionPointer parse_concatenation();
  ExpressionPointer parse_product();
  ExpressionPointer parse_power();
  ExpressionPointer parse_unary(bool with_filters);
  ExpressionPointer parse_primary();
  ExpressionPointer parse_name();
  ExpressionPointer parse_number();
  ExpressionPointer parse_list();
  ExpressionPointer parse_dict();
  ExpressionPointer parse_postfix(ExpressionPointer inner);
  ExpressionPointer parse_attribute(ExpressionPointer inner);
  ExpressionPointer parse_subscript(ExpressionPointer inner);
  ExpressionPointer parse_filters_and_tests(ExpressionPointer inner);
  ExpressionPointer parse_test(ExpressionPointer inner);
  ExpressionPointer parse_call(ExpressionPointer inner);
  CallArguments parse_arguments();

  int depth_ = 0;
};

}  // namespace attune::text::jinja
