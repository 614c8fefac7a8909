#include "text/jinja/interpreter.h"

#include <algorithm>

#include <fmt/format.h>

#include "text/jinja/depth.h"
#include "text/jinja/python_text.h"

namespace attune::text::jinja {

void Scope::set(std::string_view name, Value value) {
  for (auto& entry : names) {
    if (entry.first == name) {
      entry.second = std::move(value);
      return;
    }
  }
  names.emplace_back(name, std::move(value));
}

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent) {
    for (const auto& entry : scope->names) {
      if (entry.first == name) return &entry.second;
    }
  }
  return nullptr;
}

Interpreter::Depth::Depth(Interpreter& interpreter) : interpreter_(interpreter) {
  if (++interpreter_.depth_ > kDeepestCalls) {
    --interpreter_.depth_;
    throw TemplateError("the template calls itself too deep");
  }
}

Interpreter::NewScope::NewScope(Interpreter& interpreter, Scope* parent)
    : interpreter_(interpreter), outer_(interpreter.scope_), scope_(std::make_unique<Scope>()) {
  scope_->parent = parent;
  interpreter_.scope_ = scope_.get();
}

Interpreter::NewScope::~NewScope() {
  interpreter_.scope_ = outer_;
  if (scope_->is_captured) interpreter_.kept_scopes_.push_back(std::move(scope_));
}

Interpreter::Interpreter(const Dict& variables, std::time_t now)
    : variables_(variables), now_(now) {}

Interpreter::~Interpreter() {
  for (const auto& space : namespaces_) space->attributes = Dict();
}

MarkedText Interpreter::run(const Body& body) {
  const NewScope scope(*this, nullptr);
  return capture(body);
}

MarkedText Interpreter::capture(const Body& body) {
  MarkedText text;
  MarkedText* const outer = std::exchange(out_, &text);
  try {
    execute(body);
  } catch (...) {
    out_ = outer;
    throw;
  }
  out_ = outer;
  return text;
}

Value Interpreter::make_namespace(Dict attributes) {
  auto space = std::make_shared<Namespace>();
  space->attributes = std::move(attributes);
  namespaces_.push_back(space);
  return Value(std::shared_ptr<Object>(space));
}

void Interpreter::write(const Value& value) {
  const MarkedText text = to_text(value);
  work_.spend_text(text.text.size());
  check_text_size(out_->text.size() + text.text.size());
  out_->append(text);
}

Interpreter::Flow Interpreter::execute(const Body& body) {
  for (const auto& statement : body) {
    const Flow flow = execute(*statement);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::execute(const Statement& statement) {
  const Depth depth(*this);
  work_.spend(1);
  switch (statement.kind) {
    case StatementKind::text:
      write(statement.value);
      break;
    case StatementKind::output:
      write(evaluate(*statement.expressions[0]));
      break;
    case StatementKind::if_block:
      return execute_if(statement);
    case StatementKind::for_loop:
      execute_for(statement);
      break;
    case StatementKind::set:
      assign(*statement.targets[0], evaluate(*statement.expressions[0]));
      break;
    case StatementKind::set_block:
      execute_set_block(statement);
      break;
    case StatementKind::macro:
      scope_->set(statement.name, make_macro(statement));
      break;
    case StatementKind::call_block:
      execute_call_block(statement);
      break;
    case StatementKind::filter_block: {
      const NewScope scope(*this, scope_);
      write(evaluate_filter(*statement.filter, Value(capture(statement.body))));
      break;
    }
    case StatementKind::with_block:
      execute_with(statement);
      break;
    case StatementKind::generation:
      return execute_generation(statement);
    case StatementKind::break_loop:
      return Flow::broke;
    case StatementKind::continue_loop:
      return Flow::continued;
  }
  return Flow::normal;
}

Interpreter::Flow Interpreter::execute_if(const Statement& statement) {
  for (const Branch& branch : statement.branches) {
    if (branch.condition == nullptr || is_true(evaluate(*branch.condition)))
      return execute(branch.body);
  }
  return Flow::normal;
}

void Interpreter::assign(const Expression& target, Value value) {
  if (target.kind == ExpressionKind::name) {
    scope_->set(target.text, std::move(value));
  } else if (target.kind == ExpressionKind::attribute) {
    assign_attribute(target, std::move(value));
  } else {
    const std::vector<Value> items = iterate(value);
    const std::size_t wanted = target.parts.size();
    if (items.size() > wanted) {
      throw TemplateError(fmt::format("too many values to unpack (expected {})", wanted));
    }
    if (items.size() < wanted) {
      throw TemplateError(
          fmt::format("not enough values to unpack (expected {}, got {})", wanted, items.size()));
    }
    for (std::size_t i = 0; i < wanted; ++i) assign(*target.parts[i], items[i]);
  }
}

void Interpreter::assign_attribute(const Expression& target, Value value) {
  const Value object = evaluate_name(target.parts[0]->text);
  auto* space = object.is_object() ? dynamic_cast<Namespace*>(&object.as_object()) : nullptr;
  if (space == nullptr) throw TemplateError("cannot assign attribute on non-namespace object");
  space->attributes.set(Value::trusted(target.text), std::move(value));
}

void Interpreter::execute_set_block(const Statement& statement) {
  Value text;
  {
    const NewScope scope(*this, scope_);
    text = Value(capture(statement.body));
    if (statement.filter != nullptr) text = evaluate_filter(*statement.filter, text);
  }
  assign(*statement.targets[0], std::move(text));
}

void Interpreter::execute_with(const Statement& statement) {
  // The values are those of the names outside.
  const std::vector<Value> values = evaluate_all(statement.expressions);
  const NewScope scope(*this, scope_);
  for (std::size_t i = 0; i < values.size(); ++i) assign(*statement.targets[i], values[i]);
  execute(statement.body);
}

Interpreter::Flow Interpreter::execute_generation(const Statement& statement) {
  const std::size_t begin = out_->text.size();
  const bool is_odd = generations_++ % 2 == 1;
  const NewScope scope(*this, scope_);
  const Flow flow = execute(statement.body);
  out_->add_mark(begin, is_odd ? kGenerated | kOddGeneration : kGenerated);
  return flow;
}

Value Interpreter::make_macro(const Statement& statement) {
  for (Scope* scope = scope_; scope != nullptr; scope = scope->parent) scope->is_captured = true;
  return Value(std::shared_ptr<Object>(std::make_shared<Macro>(statement, scope_)));
}

void Interpreter::execute_call_block(const Statement& statement) {
  const Expression& call_expression = *statement.expressions[0];
  const Value callee = evaluate(*call_expression.parts[0]);
  Arguments arguments = evaluate_arguments(call_expression.arguments);
  arguments.named.emplace_back("caller", make_macro(statement));
  write(call(callee, arguments));
}

std::string Macro::text() const { return fmt::format("<Macro '{}'>", statement_.name); }

bool Macro::attribute(std::string_view name, Value& found) const {
  if (name == "name") {
    found = Value::trusted(statement_.name);
  } else if (name == "arguments") {
    Sequence names{.kind = SequenceKind::tuple};
    for (const Parameter& parameter : statement_.parameters) {
      names.items.push_back(Value::trusted(parameter.name));
    }
    found = Value(std::move(names));
  } else if (name == "catch_kwargs") {
    found = Value(statement_.uses_more_named);
  } else if (name == "catch_varargs") {
    found = Value(statement_.uses_more_positional);
  } else if (name == "caller") {
    found = Value(statement_.uses_caller);
  } else {
    return false;
  }
  return true;
}

Value Macro::call(Interpreter& interpreter, Arguments& arguments) {
  return interpreter.call_macro(statement_, scope_, arguments);
}

Value Interpreter::call_macro(const Statement& macro, Scope* defined_in, Arguments& arguments) {
  const NewScope scope(*this, defined_in);
  const std::size_t known = macro.parameters.size();
  if (arguments.positional.size() > known && !macro.uses_more_positional) {
    throw TemplateError(
        fmt::format("macro '{}' takes not more than {} argument(s)", macro.name, known));
  }
  std::vector<bool> used(arguments.named.size());
  const auto take_named = [&](std::string_view name) -> const Value* {
    for (std::size_t i = 0; i < arguments.named.size(); ++i) {
      if (arguments.named[i].first == name) {
        used[i] = true;
        return &arguments.named[i].second;
      }
    }
    return nullptr;
  };
  for (std::size_t i = 0; i < known; ++i) {
    const Parameter& parameter = macro.parameters[i];
    if (i < arguments.positional.size()) {
      scope_->set(parameter.name, arguments.positional[i]);
    } else if (const Value* given = take_named(parameter.name)) {
      scope_->set(parameter.name, *given);
    } else if (parameter.fallback != nullptr) {
      scope_->set(parameter.name, evaluate(*parameter.fallback));
    } else {
      scope_->set(parameter.name,
                  Value::undefined(fmt::format("parameter '{}' was not provided", parameter.name)));
    }
  }
  if (macro.uses_caller) {
    const Value* caller = take_named("caller");
    scope_->set("caller", caller != nullptr ? *caller : Value::undefined("No caller defined"));
  }
  if (macro.uses_more_positional) {
    Sequence more{.kind = SequenceKind::tuple};
    for (std::size_t i = known; i < arguments.positional.size(); ++i)
      more.items.push_back(arguments.positional[i]);
    scope_->set("varargs", Value(std::move(more)));
  }
  Dict more;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) continue;
    const auto& [name, value] = arguments.named[i];
    if (name == "caller" && !macro.uses_caller) {
      throw TemplateError(
          fmt::format("macro '{}' was invoked with two values for the special caller argument. "
                      "This is most likely a bug.",
                      macro.name));
    }
    if (!macro.uses_more_named) {
      throw TemplateError(
          fmt::format("macro '{}' takes no keyword argument '{}'", macro.name, name));
    }
    more.set(Value::trusted(name), value);
  }
  if (macro.uses_more_named) scope_->set("kwargs", Value(std::move(more)));
  return Value(capture(macro.body));
}

}  // namespace attune::text::jinja
