// {{ value is name(arguments) }}.
#include <cmath>

#include <fmt/format.h>

#include "text/jinja/library.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_operations.h"

namespace attune::text::jinja {

namespace {

const Value& one_argument(const Arguments& arguments, std::string_view test) {
  if (arguments.positional.size() != 1 || !arguments.named.empty()) {
    throw TemplateError(fmt::format("the test '{}' takes one argument", test));
  }
  return arguments.positional[0];
}

// Tests without arguments, by what they ask of the value.
template <bool (*accepts)(const Value&)>
Value plain_test(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("the test", 0, {});
  return Value(accepts(self));
}

template <char first, char second = '\0'>
Value comparison(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  constexpr char kSign[] = {first, second, '\0'};
  return Value(compares(kSign, self, one_argument(arguments, kSign), interpreter.work()));
}

Value test_in(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return Value(compares("in", self, one_argument(arguments, "in"), interpreter.work()));
}

Value test_sameas(Interpreter&, const Value& self, Arguments& arguments) {
  return Value(self.is_same(one_argument(arguments, "sameas")));
}

Value test_divisibleby(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Value rest =
      arithmetic("%", self, one_argument(arguments, "divisibleby"), interpreter.work());
  return Value(!is_true(rest));
}

template <int wanted>
Value parity(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("the test", 0, {});
  const Value rest = arithmetic("%", self, Value(std::int64_t{2}), interpreter.work());
  return Value(equal(rest, Value(std::int64_t{wanted}), interpreter.work()));
}

bool is_defined(const Value& value) { return !value.is_undefined(); }
bool is_missing(const Value& value) { return value.is_undefined(); }
bool is_nothing(const Value& value) { return value.is_none(); }
bool is_boolean(const Value& value) { return value.is_bool(); }
bool is_true_itself(const Value& value) { return value.is_bool() && value.as_bool(); }
bool is_false_itself(const Value& value) { return value.is_bool() && !value.as_bool(); }
bool is_whole(const Value& value) { return value.is_integer(); }
bool is_float(const Value& value) { return value.is_real(); }
bool is_any_number(const Value& value) { return value.is_number(); }
bool is_string(const Value& value) { return value.is_text(); }
bool is_mapping(const Value& value) { return value.is_dict(); }
bool is_callable(const Value& value) {
  return value.is_object() && value.as_object().is_callable();
}
bool is_escaped(const Value&) { return false; }

// Has a length and can be indexed.
bool is_indexed(const Value& value) {
  if (value.is_sequence()) return value.as_sequence().kind <= SequenceKind::range;
  return value.is_text() || value.is_dict() || value.is_undefined();
}

bool has_only(const Value& value, bool (*changes)(const MarkedText&)) {
  if (!value.is_text() && !value.is_undefined()) return changes(to_text(value));
  return value.is_text() && changes(value.as_text());
}

// At least one letter with case, and no letter of the other case.
bool is_lower_text(const MarkedText& text) {
  return lowered(text).text == text.text && uppered(text).text != text.text;
}

bool is_upper_text(const MarkedText& text) {
  return uppered(text).text == text.text && lowered(text).text != text.text;
}

bool is_lower(const Value& value) { return has_only(value, &is_lower_text); }
bool is_upper(const Value& value) { return has_only(value, &is_upper_text); }

Value test_filter(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("the test", 0, {});
  return Value(self.is_text() && find_filter(self.as_string()) != nullptr);
}

Value test_test(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("the test", 0, {});
  return Value(self.is_text() && find_test(self.as_string()) != nullptr);
}

constexpr Entry kTests[] = {
    {"defined", &plain_test<&is_defined>},
    {"undefined", &plain_test<&is_missing>},
    {"none", &plain_test<&is_nothing>},
    {"boolean", &plain_test<&is_boolean>},
    {"true", &plain_test<&is_true_itself>},
    {"false", &plain_test<&is_false_itself>},
    {"integer", &plain_test<&is_whole>},
    {"float", &plain_test<&is_float>},
    {"number", &plain_test<&is_any_number>},
    {"string", &plain_test<&is_string>},
    {"mapping", &plain_test<&is_mapping>},
    {"iterable", &plain_test<&can_iterate>},
    {"sequence", &plain_test<&is_indexed>},
    {"callable", &plain_test<&is_callable>},
    {"escaped", &plain_test<&is_escaped>},
    {"lower", &plain_test<&is_lower>},
    {"upper", &plain_test<&is_upper>},
    {"odd", &parity<1>},
    {"even", &parity<0>},
    {"divisibleby", &test_divisibleby},
    {"sameas", &test_sameas},
    {"in", &test_in},
    {"filter", &test_filter},
    {"test", &test_test},
    {"eq", &comparison<'=', '='>},
    {"equalto", &comparison<'=', '='>},
    {"==", &comparison<'=', '='>},
    {"ne", &comparison<'!', '='>},
    {"!=", &comparison<'!', '='>},
    {"lt", &comparison<'<'>},
    {"lessthan", &comparison<'<'>},
    {"<", &comparison<'<'>},
    {"le", &comparison<'<', '='>},
    {"<=", &comparison<'<', '='>},
    {"gt", &comparison<'>'>},
    {"greaterthan", &comparison<'>'>},
    {">", &comparison<'>'>},
    {"ge", &comparison<'>', '='>},
    {">=", &comparison<'>', '='>},
};

}  // namespace

Function::Body find_test(std::string_view name) { return find_in(kTests, name); }

}  // namespace attune::text::jinja
