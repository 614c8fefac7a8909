// Filters over sequences and dictionaries.
#include <algorithm>

#include <fmt/format.h>

#include "text/jinja/library.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_operations.h"

namespace attune::text::jinja {

namespace {

Value generator(std::vector<Value> items) {
  return Value(Sequence{.items = std::move(items), .kind = SequenceKind::generator});
}

Value tuple_of(Value first, Value second) {
  Sequence pair{.kind = SequenceKind::tuple};
  pair.items.push_back(std::move(first));
  pair.items.push_back(std::move(second));
  return Value(std::move(pair));
}

// What an item is compared by: the attribute, in lower case unless case matters.
Value sort_key(Interpreter& interpreter, const Value& item, const Value* attribute,
               bool case_sensitive) {
  const bool whole = is_none_or_missing(attribute);
  Value key = whole ? item : attribute_path(interpreter, item, *attribute);
  if (!case_sensitive && key.is_text()) {
    interpreter.work().spend_text(key.as_string().size());
    key = Value(lowered(key.as_text()));
  }
  return key;
}

// "a,b" sorts by a, then by b.
Value sort_keys(Interpreter& interpreter, const Value& item, const Value* attribute,
                bool case_sensitive) {
  if (is_none_or_missing(attribute) || !attribute->is_text() ||
      attribute->as_string().find(',') == std::string::npos) {
    return sort_key(interpreter, item, attribute, case_sensitive);
  }
  Sequence keys;
  const std::string& names = attribute->as_string();
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    const Value name = Value::trusted(names.substr(at, end - at));
    keys.items.push_back(sort_key(interpreter, item, &name, case_sensitive));
    at = end + 1;
  }
  return Value(std::move(keys));
}

struct Keyed {
  Value key;
  Value item;
};

void sort_by_key(std::vector<Keyed>& entries, bool reverse, Work& work) {
  std::stable_sort(entries.begin(), entries.end(), [&](const Keyed& left, const Keyed& right) {
    return reverse ? compare(right.key, left.key, "<", work) < 0
                   : compare(left.key, right.key, "<", work) < 0;
  });
}

Value filter_first(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("first", 0, {});
  const std::vector<Value> items = iterate(self);
  return items.empty() ? Value::undefined("No first item, sequence was empty.") : items.front();
}

Value filter_last(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("last", 0, {});
  if (self.is_sequence() && !self.as_sequence().has_length()) {
    throw TemplateError("'generator' object is not reversible");
  }
  const std::vector<Value> items = iterate(self);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Value filter_length(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("length", 0, {});
  return Value(length(self));
}

Value filter_list(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("list", 0, {});
  return Value(Sequence{.items = iterate(self)});
}

Value filter_reverse(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("reverse", 0, {});
  if (!can_iterate(self)) throw TemplateError("argument must be iterable");
  std::vector<Value> items = iterate(self);
  std::reverse(items.begin(), items.end());
  if (self.is_text()) return Value(join(items, MarkedText()));
  return generator(std::move(items));
}

Value filter_join(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("join", 2, {"d", "attribute"});
  const MarkedText separator = to_text(arguments.get(0, "d", Value::trusted("")));
  const Value* attribute = arguments.find(1, "attribute");
  std::vector<Value> items = iterate(self);
  if (!is_none_or_missing(attribute)) {
    for (Value& item : items) item = attribute_path(interpreter, item, *attribute);
  }
  return Value(join(items, separator));
}

Value filter_sort(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("sort", 3, {"reverse", "case_sensitive", "attribute"});
  const bool reverse = is_true(arguments.get(0, "reverse", Value(false)));
  const bool case_sensitive = is_true(arguments.get(1, "case_sensitive", Value(false)));
  const Value* attribute = arguments.find(2, "attribute");
  std::vector<Keyed> entries;
  for (const Value& item : iterate(self)) {
    entries.push_back({sort_keys(interpreter, item, attribute, case_sensitive), item});
  }
  sort_by_key(entries, reverse, interpreter.work());
  Sequence sorted;
  for (Keyed& entry : entries) sorted.items.push_back(std::move(entry.item));
  return Value(std::move(sorted));
}

Value filter_unique(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("unique", 2, {"case_sensitive", "attribute"});
  const bool case_sensitive = is_true(arguments.get(0, "case_sensitive", Value(false)));
  const Value* attribute = arguments.find(1, "attribute");
  std::vector<Value> kept;
  Dict seen;
  for (const Value& item : iterate(self)) {
    interpreter.work().spend(1 + (seen.items.size() - seen.text_keys.size()) / 4);
    Value key = sort_key(interpreter, item, attribute, case_sensitive);
    if (seen.find(key) != nullptr) continue;
    seen.set(std::move(key), Value());
    kept.push_back(item);
  }
  return generator(std::move(kept));
}

Value extreme(Interpreter& interpreter, const Value& self, Arguments& arguments, bool greatest) {
  arguments.check(greatest ? "max" : "min", 2, {"case_sensitive", "attribute"});
  const bool case_sensitive = is_true(arguments.get(0, "case_sensitive", Value(false)));
  const Value* attribute = arguments.find(1, "attribute");
  const std::vector<Value> items = iterate(self);
  if (items.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  Value best = items[0];
  Value best_key = sort_key(interpreter, best, attribute, case_sensitive);
  for (std::size_t i = 1; i < items.size(); ++i) {
    Value key = sort_key(interpreter, items[i], attribute, case_sensitive);
    const int order = compare(key, best_key, greatest ? ">" : "<", interpreter.work());
    if (greatest ? order > 0 : order < 0) {
      best = items[i];
      best_key = std::move(key);
    }
  }
  return best;
}

Value filter_max(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return extreme(interpreter, self, arguments, true);
}

Value filter_min(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return extreme(interpreter, self, arguments, false);
}

Value filter_sum(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("sum", 2, {"attribute", "start"});
  const Value* attribute = arguments.find(0, "attribute");
  Value total = arguments.get(1, "start", Value(std::int64_t{0}));
  if (total.is_text()) throw TemplateError("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : iterate(self)) {
    const Value part =
        is_none_or_missing(attribute) ? item : attribute_path(interpreter, item, *attribute);
    interpreter.work().spend(1 + (total.is_sequence() ? total.as_sequence().items.size() : 0));
    total = arithmetic("+", total, part, interpreter.work());
  }
  return total;
}

Value filter_groupby(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("groupby", 3, {"attribute", "default", "case_sensitive"});
  const Value* attribute = arguments.find(0, "attribute");
  if (attribute == nullptr) throw TemplateError("groupby() needs an attribute");
  const bool case_sensitive = is_true(arguments.get(2, "case_sensitive", Value(false)));
  const Value* fallback = arguments.find(1, "default");
  std::vector<Keyed> entries;
  std::vector<Value> items = iterate(self);
  for (Value& item : items) {
    Value key = sort_key(interpreter, item, attribute, case_sensitive);
    if (key.is_undefined() && fallback != nullptr) key = *fallback;
    entries.push_back({std::move(key), std::move(item)});
  }
  sort_by_key(entries, false, interpreter.work());
  Sequence groups;
  for (std::size_t at = 0; at < entries.size();) {
    Sequence members;
    std::size_t end = at;
    for (; end < entries.size() && equal(entries[end].key, entries[at].key, interpreter.work());
         ++end) {
      members.items.push_back(entries[end].item);
    }
    Value name = attribute_path(interpreter, members.items[0], *attribute);
    if (name.is_undefined() && fallback != nullptr) name = *fallback;
    Sequence group{.kind = SequenceKind::tuple, .is_group = true};
    group.items.push_back(std::move(name));
    group.items.emplace_back(std::move(members));
    groups.items.emplace_back(std::move(group));
    at = std::max(end, at + 1);
  }
  return Value(std::move(groups));
}

Value filter_dictsort(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("dictsort", 3, {"case_sensitive", "by", "reverse"});
  const bool case_sensitive = is_true(arguments.get(0, "case_sensitive", Value(false)));
  const std::string by = to_text(arguments.get(1, "by", Value::trusted("key"))).text;
  const bool reverse = is_true(arguments.get(2, "reverse", Value(false)));
  if (by != "key" && by != "value")
    throw TemplateError("You can only sort by either \"key\" or \"value\"");
  require_defined(self);
  if (!self.is_dict()) {
    throw TemplateError(fmt::format("'{}' object has no attribute 'items'", type_name(self)));
  }
  std::vector<Keyed> entries;
  for (const auto& [key, value] : self.as_dict().items) {
    entries.push_back({sort_key(interpreter, by == "key" ? key : value, nullptr, case_sensitive),
                       tuple_of(key, value)});
  }
  sort_by_key(entries, reverse, interpreter.work());
  Sequence sorted;
  for (Keyed& entry : entries) sorted.items.push_back(std::move(entry.item));
  return Value(std::move(sorted));
}

Value filter_items(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("items", 0, {});
  if (self.is_undefined()) return generator({});
  if (!self.is_dict()) throw TemplateError("Can only get item pairs from a mapping.");
  std::vector<Value> pairs;
  for (const auto& [key, value] : self.as_dict().items) pairs.push_back(tuple_of(key, value));
  return generator(std::move(pairs));
}

// Lists of `count` items; the last is filled up when there is a filler.
Value filter_batch(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("batch", 2, {"linecount", "fill_with"});
  const Value* count_value = arguments.find(0, "linecount");
  if (count_value == nullptr) throw TemplateError("batch() needs a count");
  const std::int64_t count = integer_argument(*count_value, "linecount");
  const Value* filler = arguments.find(1, "fill_with");
  std::vector<Value> batches;
  Sequence batch;
  for (const Value& item : iterate(self)) {
    if (static_cast<std::int64_t>(batch.items.size()) == count) {
      batches.emplace_back(std::exchange(batch, Sequence()));
    }
    batch.items.push_back(item);
  }
  if (!batch.items.empty()) {
    if (!is_none_or_missing(filler) && count > 0) {
      check_item_count(static_cast<std::size_t>(count));
      while (static_cast<std::int64_t>(batch.items.size()) < count) batch.items.push_back(*filler);
    }
    batches.emplace_back(std::move(batch));
  }
  return generator(std::move(batches));
}

// `count` lists, as equal as can be.
Value filter_slice(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("slice", 2, {"slices", "fill_with"});
  const Value* count_value = arguments.find(0, "slices");
  if (count_value == nullptr) throw TemplateError("slice() needs a count");
  const std::int64_t count = integer_argument(*count_value, "slices");
  if (count <= 0) throw TemplateError("slice() needs a count of 1 or more");
  check_item_count(static_cast<std::size_t>(count));
  const Value* filler = arguments.find(1, "fill_with");
  const std::vector<Value> items = iterate(self);
  const auto slices = static_cast<std::size_t>(count);
  const std::size_t each = items.size() / slices;
  const std::size_t longer = items.size() % slices;
  std::vector<Value> out;
  for (std::size_t i = 0, at = 0; i < slices; ++i) {
    const std::size_t size = each + (i < longer ? 1 : 0);
    Sequence part;
    for (std::size_t j = 0; j < size; ++j) part.items.push_back(items[at++]);
    if (!is_none_or_missing(filler) && i >= longer) part.items.push_back(*filler);
    out.emplace_back(std::move(part));
  }
  return generator(std::move(out));
}

constexpr Entry kFilters[] = {
    {"first", &filter_first},     {"last", &filter_last},         {"length", &filter_length},
    {"count", &filter_length},    {"list", &filter_list},         {"reverse", &filter_reverse},
    {"join", &filter_join},       {"sort", &filter_sort},         {"unique", &filter_unique},
    {"max", &filter_max},         {"min", &filter_min},           {"sum", &filter_sum},
    {"groupby", &filter_groupby}, {"dictsort", &filter_dictsort}, {"items", &filter_items},
    {"batch", &filter_batch},     {"slice", &filter_slice},
};

}  // namespace

Function::Body find_list_filter(std::string_view name) { return find_in(kFilters, name); }

}  // namespace attune::text::jinja
