#include "text/jinja/parser.h"

#include <algorithm>

#include <fmt/format.h>

namespace attune::text::jinja {

Token TokenReader::take() {
  Token token = tokens_[at_];
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenReader::is_symbol(std::string_view symbol) const {
  return current().kind == TokenKind::symbol && current().text == symbol;
}

bool TokenReader::is_name(std::string_view name) const {
  return current().kind == TokenKind::name && current().text == name;
}

bool TokenReader::skip_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  take();
  return true;
}

bool TokenReader::skip_name(std::string_view name) {
  if (!is_name(name)) return false;
  take();
  return true;
}

void TokenReader::expect_symbol(std::string_view symbol) {
  if (!skip_symbol(symbol)) fail_at_current(fmt::format("'{}'", symbol));
}

void TokenReader::expect_kind(TokenKind kind, std::string_view what) {
  if (current().kind != kind) fail_at_current(what);
  take();
}

std::string TokenReader::expect_name() {
  if (current().kind != TokenKind::name) fail_at_current("a name");
  return take().text;
}

void TokenReader::fail(const std::string& message) const {
  throw TemplateError(fmt::format("line {}: {}", current().line, message));
}

void TokenReader::fail_at_current(std::string_view wanted) const {
  const bool at_end = current().kind == TokenKind::end;
  fail(fmt::format("expected {}, got {}", wanted,
                   at_end ? "the end of the template" : fmt::format("'{}'", current().text)));
}

namespace {

class TemplateParser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Body parse_all() {
    Body body = parse_body({});
    if (current().kind != TokenKind::end)
      fail(fmt::format("Encountered unknown tag '{}'.", current().text));
    return body;
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  std::unique_ptr<Statement> make_statement(StatementKind kind) const {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = current().line;
    return statement;
  }

  bool is_one_of(Names names) const {
    return current().kind == TokenKind::name &&
           std::find(names.begin(), names.end(), current().text) != names.end();
  }

  void end_block() { expect_kind(TokenKind::block_end, "the end of the block"); }

  // Statements up to a block that starts with one of `ends`, whose name is then the current token.
  Body parse_body(Names ends) {
    const Level level(*this);
    Body body;
    while (current().kind != TokenKind::end) {
      if (current().kind == TokenKind::text) {
        auto text = make_statement(StatementKind::text);
        text->value = Value::trusted(take().text);
        body.push_back(std::move(text));
      } else if (current().kind == TokenKind::variable_begin) {
        auto output = make_statement(StatementKind::output);
        take();
        output->expressions.push_back(parse_tuple());
        expect_kind(TokenKind::variable_end, "the end of the print statement");
        body.push_back(std::move(output));
      } else {
        expect_kind(TokenKind::block_begin, "a block");
        if (is_one_of(ends)) return body;
        if (current().kind != TokenKind::name) fail("tag name expected");
        body.push_back(parse_statement());
      }
    }
    if (ends.size() > 0) {
      fail(fmt::format("Unexpected end of template. Jinja was looking for the tag '{}'.",
                       *ends.begin()));
    }
    return body;
  }

  // A body up to `end`, whose tag is consumed.
  Body parse_body_to(std::string_view end) {
    end_block();
    Body body = parse_body({end});
    take();
    end_block();
    return body;
  }

  std::unique_ptr<Statement> parse_statement() {
    const std::string tag = current().text;
    if (tag == "if") return parse_if();
    if (tag == "for") return parse_for();
    if (tag == "set") return parse_set();
    if (tag == "macro") return parse_macro();
    if (tag == "call") return parse_call_block();
    if (tag == "filter") return parse_filter_block();
    if (tag == "with") return parse_with();
    if (tag == "generation") {
      auto statement = make_statement(StatementKind::generation);
      take();
      statement->body = parse_body_to("endgeneration");
      return statement;
    }
    if (tag == "break" || tag == "continue") {
      if (loops_ == 0) fail(fmt::format("'{}' outside a loop", tag));
      auto statement =
          make_statement(tag == "break" ? StatementKind::break_loop : StatementKind::continue_loop);
      take();
      end_block();
      return statement;
    }
    fail(fmt::format("Encountered unknown tag '{}'.", tag));
  }

  std::unique_ptr<Statement> parse_if() {
    auto statement = make_statement(StatementKind::if_block);
    take();
    Branch branch{parse_tuple(false), {}};
    while (true) {
      end_block();
      branch.body = parse_body({"elif", "else", "endif"});
      const bool had_condition = branch.condition != nullptr;
      statement->branches.push_back(std::move(branch));
      branch = Branch();
      if (skip_name("elif") && had_condition) {
        branch.condition = parse_tuple(false);
      } else if (!(skip_name("else") && had_condition)) {
        if (!skip_name("endif")) fail_at_current("'endif'");
        break;
      }
    }
    end_block();
    return statement;
  }

  std::unique_ptr<Statement> parse_for() {
    auto statement = make_statement(StatementKind::for_loop);
    take();
    statement->targets.push_back(parse_target(false));
    if (!skip_name("in")) fail_at_current("'in'");
    statement->expressions.push_back(parse_tuple(false));
    if (skip_name("if")) statement->condition = parse_expression();
    statement->recursive = skip_name("recursive");
    end_block();
    ++loops_;
    statement->body = parse_body({"endfor", "else"});
    --loops_;
    if (skip_name("else")) {
      end_block();
      statement->otherwise = parse_body({"endfor"});
    }
    take();
    end_block();
    return statement;
  }

  std::unique_ptr<Statement> parse_set() {
    auto statement = make_statement(StatementKind::set);
    take();
    statement->targets.push_back(parse_target(true));
    if (skip_symbol("=")) {
      statement->expressions.push_back(parse_tuple());
      end_block();
      return statement;
    }
    statement->kind = StatementKind::set_block;
    statement->filter = parse_filters(nullptr);
    statement->body = parse_body_to("endset");
    return statement;
  }

  // (name, name=fallback, ...)
  void parse_parameters(Statement& statement) {
    expect_symbol("(");
    while (!is_symbol(")")) {
      if (!statement.parameters.empty()) expect_symbol(",");
      if (is_symbol(")")) break;
      Parameter parameter{expect_name(), nullptr};
      if (skip_symbol("=")) {
        parameter.fallback = parse_expression();
      } else if (!statement.parameters.empty() && statement.parameters.back().fallback != nullptr) {
        fail("non-default argument follows default argument");
      }
      statement.parameters.push_back(std::move(parameter));
    }
    expect_symbol(")");
  }

  void parse_macro_body(Statement& statement, std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    const bool varargs = std::exchange(saw_varargs, false);
    const bool kwargs = std::exchange(saw_kwargs, false);
    const bool caller = std::exchange(saw_caller, false);
    statement.body = parse_body_to(end);
    statement.uses_more_positional = saw_varargs;
    statement.uses_more_named = saw_kwargs;
    statement.uses_caller = saw_caller;
    loops_ = loops;
    saw_varargs = varargs;
    saw_kwargs = kwargs;
    saw_caller = caller;
  }

  std::unique_ptr<Statement> parse_macro() {
    auto statement = make_statement(StatementKind::macro);
    take();
    statement->name = expect_name();
    parse_parameters(*statement);
    parse_macro_body(*statement, "endmacro");
    return statement;
  }

  std::unique_ptr<Statement> parse_call_block() {
    auto statement = make_statement(StatementKind::call_block);
    take();
    statement->name = "caller";
    if (is_symbol("(")) parse_parameters(*statement);
    statement->expressions.push_back(parse_expression());
    if (statement->expressions[0]->kind != ExpressionKind::call) fail("expected call");
    parse_macro_body(*statement, "endcall");
    return statement;
  }

  std::unique_ptr<Statement> parse_filter_block() {
    auto statement = make_statement(StatementKind::filter_block);
    take();
    statement->filter = parse_filters(parse_filter_name(nullptr));
    statement->body = parse_body_to("endfilter");
    return statement;
  }

  std::unique_ptr<Statement> parse_with() {
    auto statement = make_statement(StatementKind::with_block);
    take();
    while (current().kind != TokenKind::block_end) {
      if (!statement->targets.empty()) expect_symbol(",");
      statement->targets.push_back(parse_target(false));
      expect_symbol("=");
      statement->expressions.push_back(parse_expression());
    }
    statement->body = parse_body_to("endwith");
    return statement;
  }

  int loops_ = 0;
};

}  // namespace

Body parse_template(std::string_view source) {
  return TemplateParser(tokenize_template(source)).parse_all();
}

}  // namespace attune::text::jinja
