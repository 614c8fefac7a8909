// Expressions: names, attributes, items, calls, filters and tests.
#include <fmt/format.h>

#include "text/jinja/depth.h"
#include "text/jinja/library.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace attune::text::jinja {

void Interpreter::spend_on(const Value& value) {
  if (value.is_text()) {
    check_text_size(value.as_string().size());
    work_.spend_text(value.as_string().size());
  } else {
    work_.spend(1 + (value.is_sequence() ? value.as_sequence().items.size() / 8 : 0));
  }
}

Value Interpreter::evaluate(const Expression& expression) {
  const Depth depth(*this);
  Value value = evaluate_kind(expression);
  spend_on(value);
  return value;
}

Value Interpreter::evaluate_kind(const Expression& expression) {
  const auto part = [&](std::size_t index) { return evaluate(*expression.parts[index]); };
  switch (expression.kind) {
    case ExpressionKind::constant:
      return expression.value;
    case ExpressionKind::name:
      return evaluate_name(expression.text);
    case ExpressionKind::list:
      return Value(Sequence{.items = evaluate_all(expression.parts)});
    case ExpressionKind::tuple:
      return Value(Sequence{.items = evaluate_all(expression.parts), .kind = SequenceKind::tuple});
    case ExpressionKind::dict:
      return evaluate_dict(expression);
    case ExpressionKind::negate:
      return negated(part(0));
    case ExpressionKind::plus: {
      const Value value = part(0);
      if (!value.is_number()) {
        require_defined(value);
        throw TemplateError(fmt::format("bad operand type for unary +: '{}'", type_name(value)));
      }
      return value.is_bool() ? Value(value.as_integer()) : value;
    }
    case ExpressionKind::logical_not:
      return Value(!is_true(part(0)));
    case ExpressionKind::logical_and: {
      Value left = part(0);
      return is_true(left) ? part(1) : left;
    }
    case ExpressionKind::logical_or: {
      Value left = part(0);
      return is_true(left) ? left : part(1);
    }
    case ExpressionKind::arithmetic: {
      const Value left = part(0);
      return arithmetic(expression.text, left, part(1), work_);
    }
    case ExpressionKind::comparison:
      return evaluate_comparison(expression);
    case ExpressionKind::concatenate:
      return evaluate_concatenation(expression);
    case ExpressionKind::conditional:
      return evaluate_conditional(expression);
    case ExpressionKind::attribute:
      return attribute(part(0), expression.text);
    case ExpressionKind::item: {
      const Value value = part(0);
      return item(value, part(1));
    }
    case ExpressionKind::slice:
      return evaluate_slice(expression);
    case ExpressionKind::call:
      return evaluate_call(expression);
    case ExpressionKind::filter:
      return evaluate_filter(expression, Value());
    case ExpressionKind::test: {
      const Value value = part(0);
      Arguments arguments = evaluate_arguments(expression.arguments);
      return Value(test(expression.text, value, arguments));
    }
  }
  return {};
}

Value Interpreter::evaluate_name(const std::string& name) {
  if (const Value* known = scope_->find(name)) return *known;
  if (const Value* given = variables_.find(name)) return *given;
  Value global;
  if (find_global(name, global)) return global;
  return Value::undefined(fmt::format("'{}' is undefined", name));
}

std::vector<Value> Interpreter::evaluate_all(const std::vector<ExpressionPointer>& expressions) {
  std::vector<Value> values;
  values.reserve(expressions.size());
  for (const auto& expression : expressions) values.push_back(evaluate(*expression));
  return values;
}

Value Interpreter::evaluate_dict(const Expression& expression) {
  Dict dict;
  for (std::size_t i = 0; i < expression.parts.size(); i += 2) {
    Value key = evaluate(*expression.parts[i]);
    dict.set(std::move(key), evaluate(*expression.parts[i + 1]));
  }
  return Value(std::move(dict));
}

// a < b < c is a < b and b < c, with b evaluated once.
Value Interpreter::evaluate_comparison(const Expression& expression) {
  Value left = evaluate(*expression.parts[0]);
  for (std::size_t i = 0; i < expression.signs.size(); ++i) {
    Value right = evaluate(*expression.parts[i + 1]);
    if (!compares(expression.signs[i], left, right, work_)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Value Interpreter::evaluate_concatenation(const Expression& expression) {
  return Value(join(evaluate_all(expression.parts), MarkedText()));
}

Value Interpreter::evaluate_conditional(const Expression& expression) {
  if (is_true(evaluate(*expression.parts[1]))) return evaluate(*expression.parts[0]);
  if (expression.parts.size() > 2) return evaluate(*expression.parts[2]);
  return Value::undefined(fmt::format(
      "the inline if-expression on line {} evaluated to false and no else section was defined.",
      expression.line));
}

Value Interpreter::evaluate_slice(const Expression& expression) {
  const Value value = evaluate(*expression.parts[0]);
  std::optional<std::int64_t> bounds[3];
  for (std::size_t i = 0; i < 3; ++i) {
    if (expression.parts[i + 1] == nullptr) continue;
    const Value bound = evaluate(*expression.parts[i + 1]);
    if (bound.is_none()) continue;
    if (!bound.is_integer() && !bound.is_bool()) {
      throw TemplateError("slice indices must be integers or None or have an __index__ method");
    }
    bounds[i] = bound.as_integer();
  }
  return slice(value, {bounds[0], bounds[1], bounds[2]}, work_);
}

Arguments Interpreter::evaluate_arguments(const CallArguments& given) {
  Arguments arguments;
  arguments.positional = evaluate_all(given.positional);
  if (given.more_positional != nullptr) {
    const std::vector<Value> more = iterate(evaluate(*given.more_positional));
    work_.spend(more.size());
    arguments.positional.insert(arguments.positional.end(), more.begin(), more.end());
  }
  for (const auto& [name, expression] : given.named)
    arguments.named.emplace_back(name, evaluate(*expression));
  if (given.more_named != nullptr) {
    const Value more = evaluate(*given.more_named);
    if (!more.is_dict()) throw TemplateError("the argument after ** must be a mapping");
    for (const auto& [key, value] : more.as_dict().items) {
      if (!key.is_text()) throw TemplateError("keywords must be strings");
      arguments.named.emplace_back(key.as_string(), value);
    }
  }
  return arguments;
}

Value Interpreter::call(const Value& callee, Arguments& arguments) {
  const Depth depth(*this);
  require_defined(callee);
  if (!callee.is_object() || !callee.as_object().is_callable()) {
    throw TemplateError(fmt::format("'{}' object is not callable", type_name(callee)));
  }
  return callee.as_object().call(*this, arguments);
}

Value Interpreter::evaluate_call(const Expression& expression) {
  const Value callee = evaluate(*expression.parts[0]);
  Arguments arguments = evaluate_arguments(expression.arguments);
  return call(callee, arguments);
}

// In a filter block the innermost filter has no expression before it: `input` stands there.
Value Interpreter::evaluate_filter(const Expression& expression, const Value& input) {
  const Depth depth(*this);
  const Expression* inner = expression.parts[0].get();
  const Value value = inner == nullptr                        ? input
                      : inner->kind == ExpressionKind::filter ? evaluate_filter(*inner, input)
                                                              : evaluate(*inner);
  Arguments arguments = evaluate_arguments(expression.arguments);
  Value result = filter(expression.text, value, arguments);
  spend_on(result);
  return result;
}

Value Interpreter::filter(const std::string& name, const Value& input, Arguments& arguments) {
  const Depth depth(*this);
  const Function::Body body = find_filter(name);
  if (body == nullptr) throw TemplateError(fmt::format("No filter named '{}'.", name));
  spend_on(input);
  return body(*this, input, arguments);
}

bool Interpreter::test(const std::string& name, const Value& input, Arguments& arguments) {
  const Function::Body body = find_test(name);
  if (body == nullptr) throw TemplateError(fmt::format("No test named '{}'.", name));
  work_.spend(1);
  return is_true(body(*this, input, arguments));
}

namespace {

Function::Body find_method(const Value& value, std::string_view name) {
  if (value.is_text()) return find_text_method(name);
  if (value.is_dict()) return find_dict_method(name);
  return value.is_sequence() ? find_list_method(name) : nullptr;
}

// The Python attribute of a value, as getattr() finds it.
bool python_attribute(const Value& value, const std::string& name, Value& found) {
  if (is_changing_method(value, name)) {
    found = Value::undefined(
        fmt::format("access to attribute '{}' of '{}' object is unsafe.", name, type_name(value)));
    return true;
  }
  if (const Function::Body method = find_method(value, name)) {
    found = Value(std::shared_ptr<Object>(std::make_shared<Function>(name, method, value)));
    return true;
  }
  if (value.is_sequence() && value.as_sequence().is_group &&
      (name == "grouper" || name == "list")) {
    found = value.as_sequence().items[name == "list" ? 1 : 0];
    return true;
  }
  return value.is_object() && value.as_object().attribute(name, found);
}

// value[key] as Python has it; false when there is none.
bool python_item(const Value& value, const Value& key, Work& work, Value& found) {
  if (value.is_dict()) {
    const Value* item = value.as_dict().find(key);
    if (item != nullptr) found = *item;
    return item != nullptr;
  }
  if (!key.is_integer() && !key.is_bool()) return false;
  std::int64_t index = key.as_integer();
  if (value.is_text()) {
    const MarkedText& text = value.as_text();
    work.spend_text(text.text.size());
    const std::int64_t count = character_count(text.text);
    if (index < 0) index += count;
    if (index < 0 || index >= count) return false;
    const std::size_t begin = byte_of_character(text.text, index);
    found = Value(
        text.part(begin, begin + byte_of_character(std::string_view(text.text).substr(begin), 1)));
    return true;
  }
  if (!value.is_sequence() || value.as_sequence().kind > SequenceKind::range) return false;
  const auto& items = value.as_sequence().items;
  if (index < 0) index += static_cast<std::int64_t>(items.size());
  if (index < 0 || index >= static_cast<std::int64_t>(items.size())) return false;
  found = items[static_cast<std::size_t>(index)];
  return true;
}

}  // namespace

Value Interpreter::attribute(const Value& value, const std::string& name) {
  require_defined(value);
  Value found;
  if (python_attribute(value, name, found)) return found;
  if (python_item(value, Value::trusted(name), work_, found)) return found;
  return Value::undefined(fmt::format("'{}' has no attribute '{}'", object_name(value), name));
}

Value Interpreter::item(const Value& value, const Value& key) {
  require_defined(value);
  Value found;
  if (python_item(value, key, work_, found)) return found;
  if (key.is_text()) {
    if (python_attribute(value, key.as_string(), found)) return found;
    return Value::undefined(
        fmt::format("'{}' has no attribute '{}'", object_name(value), key.as_string()));
  }
  return Value::undefined(fmt::format("{} has no element {}", object_name(value), repr(key).text));
}

}  // namespace attune::text::jinja
