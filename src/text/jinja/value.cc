#include "text/jinja/value.h"

#include <cmath>

#include <fmt/format.h>

#include "text/jinja/python_text.h"
#include "text/unicode.h"

namespace attune::text::jinja {

namespace {

int depth_of(const Value& value) {
  if (value.is_sequence()) return value.as_sequence().depth;
  return value.is_dict() ? value.as_dict().depth : 0;
}

void check_depth(int depth) {
  if (depth > kDeepestNesting) throw TemplateError("values are nested too deep");
}

bool is_listlike(const Value& value) { return value.is_sequence(); }

int sign_of(bool less, bool greater) { return less ? -1 : greater ? 1 : 0; }

// Dictionaries and sets of keys compare by content; the others never equal each other across kinds.
bool equal_sequences(const Sequence& left, const Sequence& right, Work& work) {
  if (left.kind != right.kind || left.items.size() != right.items.size()) return false;
  for (std::size_t i = 0; i < left.items.size(); ++i) {
    if (!equal(left.items[i], right.items[i], work)) return false;
  }
  return true;
}

bool equal_dicts(const Dict& left, const Dict& right, Work& work) {
  if (left.items.size() != right.items.size()) return false;
  for (const auto& [key, value] : left.items) {
    const Value* other = right.find(key);
    if (other == nullptr || !equal(value, *other, work)) return false;
  }
  return true;
}

}  // namespace

void check_text_size(std::size_t bytes) {
  if (bytes > kLongestText) throw TemplateError("a text of the template grows too long");
}

void check_item_count(std::size_t items) {
  if (items > kMostItems) throw TemplateError("a list of the template grows too long");
}

bool Object::attribute(std::string_view, Value&) const { return false; }

Value Object::call(Interpreter&, Arguments&) {
  throw TemplateError(fmt::format("'{}' object is not callable", type_name()));
}

Value Function::call(Interpreter& interpreter, Arguments& arguments) {
  return body_(interpreter, self_, arguments);
}

bool Namespace::attribute(std::string_view name, Value& found) const {
  const Value* value = attributes.find(std::string(name));
  if (value != nullptr) found = *value;
  return value != nullptr;
}

Value::Value(Sequence sequence) {
  for (const Value& item : sequence.items) {
    sequence.depth = std::max(sequence.depth, depth_of(item) + 1);
    sequence.has_user_text = sequence.has_user_text || jinja::has_user_text(item);
  }
  check_depth(sequence.depth);
  storage_ = std::make_shared<const Sequence>(std::move(sequence));
}

Value::Value(Dict dict) {
  for (const auto& [key, value] : dict.items) {
    dict.depth = std::max({dict.depth, depth_of(key) + 1, depth_of(value) + 1});
    dict.has_user_text =
        dict.has_user_text || jinja::has_user_text(key) || jinja::has_user_text(value);
  }
  check_depth(dict.depth);
  storage_ = std::make_shared<const Dict>(std::move(dict));
}

Value Value::undefined(std::string message) {
  Value value;
  value.storage_ = std::make_shared<const Undefined>(Undefined{std::move(message)});
  return value;
}

std::int64_t Value::as_integer() const { return is_bool() ? as_bool() : std::get<3>(storage_); }

double Value::as_real() const {
  return is_real() ? std::get<4>(storage_) : static_cast<double>(as_integer());
}

bool Value::is_same(const Value& other) const {
  if (storage_.index() != other.storage_.index()) return false;
  if (is_sequence()) return &as_sequence() == &other.as_sequence();
  if (is_dict()) return &as_dict() == &other.as_dict();
  if (is_object()) return &as_object() == &other.as_object();
  if (is_text()) return as_string() == other.as_string();
  Work work;
  return equal(*this, other, work);
}

void Dict::set(Value key, Value value) {
  if ((key.is_sequence() && key.as_sequence().kind != SequenceKind::tuple) || key.is_dict()) {
    throw TemplateError(fmt::format("unhashable type: '{}'", type_name(key)));
  }
  if (const Value* known = find(key)) {
    *const_cast<Value*>(known) = std::move(value);
    return;
  }
  if (key.is_text()) text_keys.emplace(key.as_string(), items.size());
  items.emplace_back(std::move(key), std::move(value));
}

const Value* Dict::find(const std::string& key) const {
  const auto found = text_keys.find(key);
  return found == text_keys.end() ? nullptr : &items[found->second].second;
}

const Value* Dict::find(const Value& key) const {
  if (key.is_text()) return find(key.as_string());
  Work work;
  for (const auto& [known, value] : items) {
    if (!known.is_text() && equal(known, key, work)) return &value;
  }
  return nullptr;
}

const Value* Arguments::find_named(std::string_view name) const {
  for (const auto& [given, value] : named) {
    if (given == name) return &value;
  }
  return nullptr;
}

const Value* Arguments::find(std::size_t index, std::string_view name) const {
  return index < positional.size() ? &positional[index] : find_named(name);
}

Value Arguments::get(std::size_t index, std::string_view name, Value fallback) const {
  const Value* given = find(index, name);
  return given == nullptr ? std::move(fallback) : *given;
}

void Arguments::check(std::string_view function, std::size_t most,
                      std::initializer_list<std::string_view> names) const {
  if (positional.size() > most) {
    throw TemplateError(fmt::format("{}() takes at most {} arguments, {} were given", function,
                                    most, positional.size()));
  }
  for (const auto& given : named) {
    if (std::find(names.begin(), names.end(), given.first) == names.end()) {
      throw TemplateError(
          fmt::format("{}() got an unexpected keyword argument '{}'", function, given.first));
    }
  }
}

std::string type_name(const Value& value) {
  if (value.is_undefined()) return "Undefined";
  if (value.is_none()) return "NoneType";
  if (value.is_bool()) return "bool";
  if (value.is_integer()) return "int";
  if (value.is_real()) return "float";
  if (value.is_text()) return "str";
  if (value.is_dict()) return "dict";
  if (value.is_object()) return value.as_object().type_name();
  switch (value.as_sequence().kind) {
    case SequenceKind::list:
      return "list";
    case SequenceKind::tuple:
      return "tuple";
    case SequenceKind::range:
      return "range";
    case SequenceKind::generator:
      return "generator";
    case SequenceKind::dict_keys:
      return "dict_keys";
    case SequenceKind::dict_values:
      return "dict_values";
    case SequenceKind::dict_items:
      return "dict_items";
  }
  return "object";
}

std::string object_name(const Value& value) {
  if (value.is_none()) return "None";
  return type_name(value) + " object";
}

bool is_true(const Value& value) {
  if (value.is_undefined() || value.is_none()) return false;
  if (value.is_number()) return value.as_real() != 0;
  if (value.is_text()) return !value.as_string().empty();
  if (value.is_dict()) return !value.as_dict().items.empty();
  if (value.is_sequence()) {
    const Sequence& sequence = value.as_sequence();
    return !sequence.has_length() || !sequence.items.empty();
  }
  return true;
}

bool equal(const Value& left, const Value& right, Work& work) {
  work.spend(1);
  if (left.is_number() && right.is_number()) {
    if (left.is_real() || right.is_real()) return left.as_real() == right.as_real();
    return left.as_integer() == right.as_integer();
  }
  if (left.is_text() && right.is_text()) {
    work.spend_text(std::min(left.as_string().size(), right.as_string().size()));
    return left.as_string() == right.as_string();
  }
  if (left.is_sequence() && right.is_sequence()) {
    return equal_sequences(left.as_sequence(), right.as_sequence(), work);
  }
  if (left.is_dict() && right.is_dict()) return equal_dicts(left.as_dict(), right.as_dict(), work);
  if (left.is_object() && right.is_object()) return &left.as_object() == &right.as_object();
  return (left.is_none() && right.is_none()) || (left.is_undefined() && right.is_undefined());
}

int compare(const Value& left, const Value& right, std::string_view sign, Work& work) {
  work.spend(1);
  require_defined(left);
  require_defined(right);
  if (left.is_number() && right.is_number()) {
    if (left.is_real() || right.is_real()) {
      return sign_of(left.as_real() < right.as_real(), left.as_real() > right.as_real());
    }
    return sign_of(left.as_integer() < right.as_integer(), left.as_integer() > right.as_integer());
  }
  // UTF-8 sorts as its characters do.
  if (left.is_text() && right.is_text()) {
    work.spend_text(std::min(left.as_string().size(), right.as_string().size()));
    return left.as_string().compare(right.as_string());
  }
  const bool both_lists = is_listlike(left) && is_listlike(right) &&
                          left.as_sequence().kind == right.as_sequence().kind &&
                          left.as_sequence().kind <= SequenceKind::tuple;
  if (both_lists) {
    const auto& one = left.as_sequence().items;
    const auto& other = right.as_sequence().items;
    for (std::size_t i = 0; i < one.size() && i < other.size(); ++i) {
      if (!equal(one[i], other[i], work)) return compare(one[i], other[i], sign, work);
    }
    return sign_of(one.size() < other.size(), one.size() > other.size());
  }
  throw TemplateError(fmt::format("'{}' not supported between instances of '{}' and '{}'", sign,
                                  type_name(left), type_name(right)));
}

bool contains(const Value& container, const Value& item, Work& work) {
  if (container.is_text()) {
    if (!item.is_text()) {
      require_defined(item);
      throw TemplateError(
          fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
    }
    work.spend_text(container.as_string().size());
    return container.as_string().find(item.as_string()) != std::string::npos;
  }
  if (container.is_dict()) return container.as_dict().find(item) != nullptr;
  if (container.is_undefined()) return false;
  if (container.is_sequence()) {
    const auto items = iterate(container);
    return std::any_of(items.begin(), items.end(),
                       [&](const Value& one) { return equal(one, item, work); });
  }
  throw TemplateError(fmt::format("argument of type '{}' is not iterable", type_name(container)));
}

bool can_iterate(const Value& value) {
  return value.is_sequence() || value.is_text() || value.is_dict() || value.is_undefined();
}

std::vector<Value> iterate(const Value& value) {
  std::vector<Value> items;
  if (value.is_sequence()) {
    const Sequence& sequence = value.as_sequence();
    if (sequence.kind == SequenceKind::generator) {
      if (sequence.used_up) return items;
      sequence.used_up = true;
    }
    return sequence.items;
  }
  if (value.is_dict()) {
    for (const auto& entry : value.as_dict().items) items.push_back(entry.first);
    return items;
  }
  if (value.is_text()) {
    const MarkedText& text = value.as_text();
    check_item_count(static_cast<std::size_t>(character_count(text.text)));
    for (std::size_t at = 0; at < text.text.size();) {
      const std::size_t end = at + character_at(text.text, at).bytes;
      items.emplace_back(text.part(at, end));
      at = end;
    }
    return items;
  }
  if (value.is_undefined()) return items;
  throw TemplateError(fmt::format("'{}' object is not iterable", type_name(value)));
}

std::int64_t length(const Value& value) {
  if (value.is_text()) return character_count(value.as_string());
  if (value.is_dict()) return static_cast<std::int64_t>(value.as_dict().items.size());
  if (value.is_sequence() && value.as_sequence().has_length()) {
    return static_cast<std::int64_t>(value.as_sequence().items.size());
  }
  if (value.is_undefined()) return 0;
  throw TemplateError(fmt::format("object of type '{}' has no len()", type_name(value)));
}

void require_defined(const Value& value) {
  if (value.is_undefined()) throw TemplateError(value.as_undefined().message);
}

bool has_user_text(const Value& value) {
  if (value.is_text()) {
    const MarkedText& text = value.as_text();
    return !text.text.empty() && !text.is_trusted(0, text.text.size());
  }
  if (value.is_sequence()) return value.as_sequence().has_user_text;
  // What a namespace holds may change, so it never counts as the template's own.
  return value.is_dict() ? value.as_dict().has_user_text : value.is_object();
}

}  // namespace attune::text::jinja
