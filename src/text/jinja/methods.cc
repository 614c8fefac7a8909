// Methods of lists, tuples and dictionaries. None changes its value.
#include <fmt/format.h>

#include "text/jinja/library.h"

namespace attune::text::jinja {

namespace {

const Value& first_argument(const Arguments& arguments, std::string_view method) {
  if (arguments.positional.empty()) throw TemplateError(fmt::format("{}() takes a value", method));
  return arguments.positional[0];
}

Value method_index(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("index", 1, {});
  const Value& wanted = first_argument(arguments, "index");
  const auto& items = self.as_sequence().items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (equal(items[i], wanted, interpreter.work())) return Value(static_cast<std::int64_t>(i));
  }
  throw TemplateError("the value is not in the list");
}

Value method_count(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("count", 1, {});
  const Value& wanted = first_argument(arguments, "count");
  std::int64_t count = 0;
  for (const Value& item : self.as_sequence().items)
    count += equal(item, wanted, interpreter.work()) ? 1 : 0;
  return Value(count);
}

Value method_copy(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("copy", 0, {});
  return self;
}

Value method_get(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("get", 2, {});
  const Value* found = self.as_dict().find(first_argument(arguments, "get"));
  return found != nullptr ? *found : arguments.get(1, "", Value());
}

template <SequenceKind kind>
Value method_view(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("the method", 0, {});
  Sequence view{.kind = kind};
  for (const auto& [key, value] : self.as_dict().items) {
    if (kind == SequenceKind::dict_keys) {
      view.items.push_back(key);
    } else if (kind == SequenceKind::dict_values) {
      view.items.push_back(value);
    } else {
      view.items.emplace_back(Sequence{.items = {key, value}, .kind = SequenceKind::tuple});
    }
  }
  return Value(std::move(view));
}

constexpr Entry kListMethods[] = {
    {"index", &method_index}, {"count", &method_count}, {"copy", &method_copy}};

constexpr Entry kDictMethods[] = {{"get", &method_get},
                                  {"keys", &method_view<SequenceKind::dict_keys>},
                                  {"values", &method_view<SequenceKind::dict_values>},
                                  {"items", &method_view<SequenceKind::dict_items>},
                                  {"copy", &method_copy}};

}  // namespace

Function::Body find_list_method(std::string_view name) { return find_in(kListMethods, name); }
Function::Body find_dict_method(std::string_view name) { return find_in(kDictMethods, name); }

}  // namespace attune::text::jinja
