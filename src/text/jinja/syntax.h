// The syntax tree of a template.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace attune::text::jinja {

struct Expression;
using ExpressionPointer = std::unique_ptr<Expression>;

enum class ExpressionKind {
  constant,     // value
  name,         // text
  list,         // parts
  tuple,        // parts
  dict,         // parts: key, value, key, value ...
  negate,       // parts[0]
  plus,         // parts[0]
  logical_not,  // parts[0]
  logical_and,  // parts[0], parts[1]
  logical_or,   // parts[0], parts[1]
  arithmetic,   // parts[0] text parts[1], text one of + - * / // % **
  comparison,   // parts[0] signs[0] parts[1] signs[1] ...
  concatenate,  // parts, joined as text
  conditional,  // parts[0] if parts[1] else parts[2] (may be missing)
  attribute,    // parts[0].text
  item,         // parts[0][parts[1]]
  slice,        // parts[0][parts[1]:parts[2]:parts[3]], null where left out
  call,         // parts[0](arguments)
  filter,       // parts[0] | text(arguments); parts[0] null in a filter block
  test,         // parts[0] is text(arguments)
};

struct CallArguments {
  std::vector<ExpressionPointer> positional = {};
  std::vector<std::pair<std::string, ExpressionPointer>> named = {};
  ExpressionPointer more_positional = {};  // *list
  ExpressionPointer more_named = {};       // **dict
};

struct Expression {
  ExpressionKind kind = ExpressionKind::constant;
  int line = 1;
  std::string text = {};
  Value value = {};
  std::vector<ExpressionPointer> parts = {};
  std::vector<std::string> signs = {};
  CallArguments arguments = {};
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

enum class StatementKind {
  text,        // value
  output,      // expressions
  if_block,    // branches: conditions (null for else) with bodies
  for_loop,    // target in expressions[0] (if condition) body else otherwise
  set,         // target = expressions[0]
  set_block,   // target = body, through `filter`
  macro,       // name(parameters) body
  call_block,  // expressions[0] with caller(parameters) body
  filter_block,
  with_block,  // targets[i] = expressions[i]
  generation,
  break_loop,
  continue_loop,
};

struct Parameter {
  std::string name;
  ExpressionPointer fallback;  // null: undefined when not given
};

struct Branch {
  ExpressionPointer condition;
  Body body;
};

// Also used as an assignment target: a name, a tuple of targets, or an attribute of a namespace.
struct Statement {
  StatementKind kind = StatementKind::text;
  int line = 1;
  std::string name = {};
  Value value = {};
  std::vector<ExpressionPointer> targets = {};
  std::vector<ExpressionPointer> expressions = {};
  ExpressionPointer condition = {};
  ExpressionPointer filter = {};
  std::vector<Parameter> parameters = {};
  std::vector<Branch> branches = {};
  Body body = {};
  Body otherwise = {};
  bool recursive = false;
  bool uses_more_positional = false;  // a macro that names varargs, kwargs or caller
  bool uses_more_named = false;
  bool uses_caller = false;
};

}  // namespace attune::text::jinja
