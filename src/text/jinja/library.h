// The filters, tests, methods and functions that templates can use, by name.
#pragma once

#include <string_view>

#include "text/jinja/interpreter.h"
#include "text/jinja/value.h"

namespace attune::text::jinja {

// nullptr when there is none of that name. A filter gets its input as `self`.
Function::Body find_filter(std::string_view name);
Function::Body find_text_filter(std::string_view name);
Function::Body find_list_filter(std::string_view name);
Function::Body find_choosing_filter(std::string_view name);
Function::Body find_number_filter(std::string_view name);
// Tests answer with a boolean.
Function::Body find_test(std::string_view name);
Function::Body find_text_method(std::string_view name);
Function::Body find_list_method(std::string_view name);
Function::Body find_dict_method(std::string_view name);
// Methods that would change a value; templates may not.
bool is_changing_method(const Value& value, std::string_view name);
// range, namespace, raise_exception, ...; false when there is none.
bool find_global(std::string_view name, Value& found);

// A table from names to functions; each file of the library has one.
struct Entry {
  std::string_view name;
  Function::Body body;
};

template <std::size_t count>
Function::Body find_in(const Entry (&table)[count], std::string_view name) {
  for (const Entry& entry : table) {
    if (entry.name == name) return entry.body;
  }
  return nullptr;
}

// An argument as an integer; `what` names it in the error.
std::int64_t integer_argument(const Value& value, std::string_view what);
bool is_none_or_missing(const Value* value);

// str.split, or str.rsplit when `from_end`.
Value split_text(Interpreter& interpreter, const Value& self, Arguments& arguments, bool from_end);

// How filters see an item of `value`: itself, or what "a.b.0" leads to in it.
Value attribute_path(Interpreter& interpreter, const Value& value, const Value& path);

}  // namespace attune::text::jinja
