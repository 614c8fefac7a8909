// The values of a template: Python's kinds with Python's rules of truth, equality and order. Text
// remembers which of its bytes are the template's own (MarkedText). Values are immutable and cheap
// to copy, except namespaces.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "text/marked_text.h"

namespace attune::text::jinja {

class Interpreter;
class Value;
struct Sequence;
struct Dict;
struct Arguments;

// Ends a rendering. Caught where the interpreter is called; never leaves this folder.
struct TemplateError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a rendering may still spend, so that a hostile template ends with an error: about one unit
// for each node evaluated, each value made and each 32 bytes of text handled.
struct Work {
  std::int64_t left = 10'000'000;
  void spend(std::size_t units) {
    left -= static_cast<std::int64_t>(units);
    if (left < 0) throw TemplateError("the template needs too much work");
  }
  void spend_text(std::size_t bytes) { spend(1 + bytes / 32); }
};

// Limits of single values. The depth keeps recursion over values, their destruction included,
// within the stack.
inline constexpr int kDeepestNesting = 600;
inline constexpr std::size_t kLongestText = 16 * 1024 * 1024;
inline constexpr std::size_t kMostItems = 1'000'000;
void check_text_size(std::size_t bytes);
void check_item_count(std::size_t items);

// What a missing name or attribute gives: empty and false; using it further is the error `message`.
struct Undefined {
  std::string message;
  bool forbidden =
      false;  // an attribute that templates must not touch: even printing it is an error
};

// Anything with behaviour: macros, functions, methods, loops, namespaces.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::string type_name() const = 0;
  virtual std::string text() const { return "<" + type_name() + ">"; }
  // False: there is no such attribute.
  virtual bool attribute(std::string_view name, Value& found) const;
  virtual bool is_callable() const { return false; }
  virtual Value call(Interpreter& interpreter, Arguments& arguments);
};

class Value {
 public:
  struct None {};
  using Storage = std::variant<std::shared_ptr<const Undefined>, None, bool, std::int64_t, double,
                               std::shared_ptr<const MarkedText>, std::shared_ptr<const Sequence>,
                               std::shared_ptr<const Dict>, std::shared_ptr<Object>>;

  Value() : storage_(None{}) {}
  explicit Value(bool value) : storage_(value) {}
  explicit Value(std::int64_t value) : storage_(value) {}
  explicit Value(double value) : storage_(value) {}
  explicit Value(MarkedText text) : storage_(std::make_shared<const MarkedText>(std::move(text))) {}
  explicit Value(std::shared_ptr<Object> object) : storage_(std::move(object)) {}
  explicit Value(Sequence sequence);
  explicit Value(Dict dict);
  // Text of the template's own.
  static Value trusted(std::string text) {
    return Value(MarkedText{std::move(text), kTrusted, {}});
  }
  static Value undefined(std::string message);

  bool is_undefined() const { return storage_.index() == 0; }
  bool is_none() const { return storage_.index() == 1; }
  bool is_bool() const { return storage_.index() == 2; }
  bool is_integer() const { return storage_.index() == 3; }
  bool is_real() const { return storage_.index() == 4; }
  bool is_number() const { return is_bool() || is_integer() || is_real(); }
  bool is_text() const { return storage_.index() == 5; }
  bool is_sequence() const { return storage_.index() == 6; }
  bool is_dict() const { return storage_.index() == 7; }
  bool is_object() const { return storage_.index() == 8; }

  const Undefined& as_undefined() const { return *std::get<0>(storage_); }
  bool as_bool() const { return std::get<2>(storage_); }
  std::int64_t as_integer() const;  // of an integer or a boolean
  double as_real() const;           // of any number
  const MarkedText& as_text() const { return *std::get<5>(storage_); }
  const std::string& as_string() const { return as_text().text; }
  const Sequence& as_sequence() const { return *std::get<6>(storage_); }
  const Dict& as_dict() const { return *std::get<7>(storage_); }
  Object& as_object() const { return *std::get<8>(storage_); }
  const std::shared_ptr<Object>& object() const { return std::get<8>(storage_); }
  // The same value in memory, as Python's `is` sees it.
  bool is_same(const Value& other) const;

 private:
  Storage storage_;
};

// How a sequence came to be: decides what it prints as and whether it has a length.
enum class SequenceKind { list, tuple, range, generator, dict_keys, dict_values, dict_items };

struct Sequence {
  std::vector<Value> items = {};
  SequenceKind kind = SequenceKind::list;
  int depth = 1;               // levels of nesting below; set by Value
  bool has_user_text = false;  // set by Value
  bool is_group = false;       // a tuple of groupby: its items are also .grouper and .list
  // A generator gives its items once.
  mutable bool used_up = false;

  bool has_length() const { return kind != SequenceKind::generator; }
};

// Keys in order of insertion.
struct Dict {
  std::vector<std::pair<Value, Value>> items = {};
  std::unordered_map<std::string, std::size_t> text_keys = {};
  int depth = 1;
  bool has_user_text = false;

  void set(Value key, Value value);
  const Value* find(const Value& key) const;
  const Value* find(const std::string& key) const;
};

// Values assigned to the parameters of a call.
struct Arguments {
  std::vector<Value> positional = {};
  std::vector<std::pair<std::string, Value>> named = {};

  // The argument at `index`, or of that name; nullptr when it was not given.
  const Value* find(std::size_t index, std::string_view name) const;
  const Value* find_named(std::string_view name) const;
  // The same with a fallback.
  Value get(std::size_t index, std::string_view name, Value fallback) const;
  // An error when there are more, or ones with other names.
  void check(std::string_view function, std::size_t most,
             std::initializer_list<std::string_view> names) const;
};

// Attributes that a template may set: {% set ns.count = 1 %}.
class Namespace final : public Object {
 public:
  std::string type_name() const override { return "Namespace"; }
  bool attribute(std::string_view name, Value& found) const override;
  Dict attributes;
};

// A function or a bound method: `self` is what stands before the dot.
class Function final : public Object {
 public:
  using Body = Value (*)(Interpreter&, const Value& self, Arguments&);
  Function(std::string name, Body body, Value self)
      : name_(std::move(name)), body_(body), self_(std::move(self)) {}
  std::string type_name() const override { return "builtin_function_or_method"; }
  std::string text() const override { return "<built-in method " + name_ + ">"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, Arguments& arguments) override;

 private:
  std::string name_;
  Body body_;
  Value self_;
};

// "str", "int", "NoneType", ... as Python names it.
std::string type_name(const Value& value);
// "str object", "None", as messages about attributes name it.
std::string object_name(const Value& value);

bool is_true(const Value& value);
bool equal(const Value& left, const Value& right, Work& work);
// Negative, zero or positive; an error for kinds without an order. `sign` is for the message.
int compare(const Value& left, const Value& right, std::string_view sign, Work& work);
bool contains(const Value& container, const Value& item, Work& work);

// The items that a for loop sees; an error for what can't be iterated. A generator is used up.
std::vector<Value> iterate(const Value& value);
bool can_iterate(const Value& value);
// len(value).
std::int64_t length(const Value& value);

// Throws the message of an undefined value; returns otherwise.
void require_defined(const Value& value);

bool has_user_text(const Value& value);

}  // namespace attune::text::jinja
