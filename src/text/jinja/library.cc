#include "text/jinja/library.h"

#include <algorithm>

#include <fmt/format.h>

namespace attune::text::jinja {

Function::Body find_filter(std::string_view name) {
  for (const auto find :
       {&find_text_filter, &find_list_filter, &find_choosing_filter, &find_number_filter}) {
    if (const Function::Body body = find(name)) return body;
  }
  return nullptr;
}

bool is_changing_method(const Value& value, std::string_view name) {
  constexpr std::string_view kOfLists[] = {"append", "clear",  "extend",  "insert",
                                           "pop",    "remove", "reverse", "sort"};
  constexpr std::string_view kOfDicts[] = {"clear", "pop", "popitem", "setdefault", "update"};
  if (value.is_dict())
    return std::find(std::begin(kOfDicts), std::end(kOfDicts), name) != std::end(kOfDicts);
  const bool is_list = value.is_sequence() && value.as_sequence().kind == SequenceKind::list;
  return is_list && std::find(std::begin(kOfLists), std::end(kOfLists), name) != std::end(kOfLists);
}

std::int64_t integer_argument(const Value& value, std::string_view what) {
  require_defined(value);
  if (!value.is_integer() && !value.is_bool()) {
    throw TemplateError(fmt::format("{} must be an integer, not '{}'", what, type_name(value)));
  }
  return value.as_integer();
}

bool is_none_or_missing(const Value* value) { return value == nullptr || value->is_none(); }

Value attribute_path(Interpreter& interpreter, const Value& value, const Value& path) {
  if (!path.is_text()) return interpreter.item(value, path);
  Value reached = value;
  const std::string& text = path.as_string();
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = text.find('.', at);
    if (end == std::string::npos) end = text.size();
    const std::string part = text.substr(at, end - at);
    const bool is_index = !part.empty() && part.size() < 10 &&
                          part.find_first_not_of("0123456789") == std::string::npos;
    reached =
        interpreter.item(reached, is_index ? Value(static_cast<std::int64_t>(std::stoll(part)))
                                           : Value::trusted(part));
    at = end + 1;
  }
  return reached;
}

}  // namespace attune::text::jinja
