// Filters that choose or map items by a test, an attribute or another filter, and `default`.
#include <fmt/format.h>

#include "text/jinja/library.h"
#include "text/jinja/python_text.h"

namespace attune::text::jinja {

namespace {

Value generator(std::vector<Value> items) {
  return Value(Sequence{.items = std::move(items), .kind = SequenceKind::generator});
}

// Takes the positional argument at `index` out of `arguments`.
Value take(Arguments& arguments, std::size_t index) {
  Value value = arguments.positional[index];
  arguments.positional.erase(arguments.positional.begin() + static_cast<std::ptrdiff_t>(index));
  return value;
}

// select, reject, selectattr, rejectattr: (attribute,) test name, arguments of the test.
Value choose(Interpreter& interpreter, const Value& self, Arguments& arguments, bool by_attribute,
             bool wanted) {
  Value attribute;
  if (by_attribute) {
    if (arguments.positional.empty()) throw TemplateError("Missing parameter for attribute name");
    attribute = take(arguments, 0);
  }
  std::string test;
  if (!arguments.positional.empty()) test = to_text(take(arguments, 0)).text;
  std::vector<Value> chosen;
  for (const Value& item : iterate(self)) {
    const Value subject = by_attribute ? attribute_path(interpreter, item, attribute) : item;
    interpreter.work().spend(1);
    const bool passes =
        test.empty() ? is_true(subject) : interpreter.test(test, subject, arguments);
    if (passes == wanted) chosen.push_back(item);
  }
  return generator(std::move(chosen));
}

Value filter_select(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return choose(interpreter, self, arguments, false, true);
}

Value filter_reject(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return choose(interpreter, self, arguments, false, false);
}

Value filter_selectattr(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return choose(interpreter, self, arguments, true, true);
}

Value filter_rejectattr(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return choose(interpreter, self, arguments, true, false);
}

// map(attribute="a.b", default=...) or map("filter", arguments of the filter).
Value filter_map(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Value* attribute = arguments.find_named("attribute");
  std::vector<Value> mapped;
  if (arguments.positional.empty() && attribute != nullptr) {
    for (const auto& given : arguments.named) {
      if (given.first != "attribute" && given.first != "default") {
        throw TemplateError(fmt::format("Unexpected keyword argument '{}'", given.first));
      }
    }
    const Value* fallback = arguments.find_named("default");
    for (const Value& item : iterate(self)) {
      Value value = attribute_path(interpreter, item, *attribute);
      const bool use_fallback = value.is_undefined() && !is_none_or_missing(fallback);
      mapped.push_back(use_fallback ? *fallback : std::move(value));
    }
    return generator(std::move(mapped));
  }
  if (arguments.positional.empty()) throw TemplateError("map requires a filter argument");
  const std::string name = to_text(take(arguments, 0)).text;
  for (const Value& item : iterate(self)) {
    Arguments copy = arguments;
    mapped.push_back(interpreter.filter(name, item, copy));
  }
  return generator(std::move(mapped));
}

Value filter_attr(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("attr", 1, {"name"});
  const Value* name = arguments.find(0, "name");
  if (name == nullptr) throw TemplateError("attr() needs a name");
  // Unlike value.name this never looks at the keys of a dictionary.
  const std::string text = to_text(*name).text;
  if (self.is_dict() && find_dict_method(text) == nullptr) {
    return Value::undefined(fmt::format("'dict object' has no attribute '{}'", text));
  }
  return interpreter.attribute(self, text);
}

Value filter_default(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("default", 2, {"default_value", "boolean"});
  const bool also_false = is_true(arguments.get(1, "boolean", Value(false)));
  if (self.is_undefined() || (also_false && !is_true(self))) {
    return arguments.get(0, "default_value", Value::trusted(""));
  }
  return self;
}

constexpr Entry kFilters[] = {
    {"select", &filter_select},
    {"reject", &filter_reject},
    {"selectattr", &filter_selectattr},
    {"rejectattr", &filter_rejectattr},
    {"map", &filter_map},
    {"attr", &filter_attr},
    {"default", &filter_default},
    {"d", &filter_default},
};

}  // namespace

Function::Body find_choosing_filter(std::string_view name) { return find_in(kFilters, name); }

}  // namespace attune::text::jinja
