#include "grammar/schema_validator.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "grammar/canonical.h"

namespace attune::grammar {

namespace {

// Keeps the recursion far inside a thread's stack.
constexpr int kMostDepth = 1500;
// Between two looks at the clock.
constexpr std::int64_t kStepsPerLook = 64;

constexpr const char* kWithinBudget = "a value and schema that can be checked in reasonable time";

std::uint8_t type_bits(const Json& value) {
  if (value.is_null()) return kNull;
  if (value.is_boolean()) return kBoolean;
  if (value.is_object()) return kObject;
  if (value.is_array()) return kArray;
  if (value.is_string()) return kString;
  // Integers beyond 64 bits are read as doubles.
  const bool written =
      value.is_number_integer() || (is_whole(value) && std::abs(value.get<double>()) >= 0x1p63);
  return static_cast<std::uint8_t>(kNumber | (is_whole(value) ? kInteger : 0) |
                                   (written ? kWrittenInteger : 0));
}

std::int64_t code_points(std::string_view text) {
  std::int64_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string plural(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::vector<Violation> Validator::run(const Json& value) {
  Violations out;
  evaluate(schema_.root, value, nullptr, out);
  // Inside "not" and the like a limit could pass for an ordinary mismatch: say it whatever came
  // out.
  const bool said = std::any_of(out.begin(), out.end(), [](const Violation& violation) {
    return violation.keyword == "limit";
  });
  if (exhausted_ && !said) report("limit", excerpt(value), kWithinBudget, out);
  return out;
}

void Validator::report(std::string_view keyword, std::string found, std::string wanted,
                       Violations& out) const {
  out.push_back({.path = path_,
                 .keyword = std::string(keyword),
                 .found = std::move(found),
                 .wanted = std::move(wanted)});
}

bool Validator::spend(const Json& value, Violations& out) {
  if (++steps_ % kStepsPerLook == 0) late_ = late_ || std::chrono::steady_clock::now() > deadline_;
  if (!late_ && steps_ <= most_steps_ && depth_ < kMostDepth) return true;
  if (!exhausted_ || out.empty()) report("limit", excerpt(value), kWithinBudget, out);
  exhausted_ = true;
  return false;
}

// One search may take about a second before its own limit ends it, so the clock is asked each time.
Match Validator::search(const Pattern& pattern, std::string_view text) {
  late_ = late_ || std::chrono::steady_clock::now() > deadline_;
  const Match match = late_ ? Match::exhausted : pattern.regex.search(text);
  exhausted_ = exhausted_ || match == Match::exhausted;
  return match;
}

NodeId Validator::dynamic_target(const SchemaNode& schema) const {
  if (!schema.dynamic_anchor) return schema.dynamic_reference;
  for (std::size_t resource : resources_) {
    const auto& anchors = schema_.dynamic_anchors[resource];
    const auto anchor = anchors.find(*schema.dynamic_anchor);
    if (anchor != anchors.end()) return anchor->second;
  }
  return schema.dynamic_reference;
}

void Validator::evaluate(NodeId id, const Json& value, Seen* seen, Violations& out) {
  if (!spend(value, out)) return;
  const SchemaNode& schema = node(id);
  if (schema.is_false) {
    report("false", excerpt(value), "nothing here", out);
    return;
  }
  ++depth_;
  const bool enters = resources_.empty() || resources_.back() != schema.resource;
  if (enters) resources_.push_back(schema.resource);
  const std::size_t violations_before = out.size();
  Seen own;
  Seen* marks = nullptr;
  if (schema_.tracks_evaluated) {
    own.assign(value.is_structured() ? value.size() : 0, 0);
    marks = &own;
  }
  check_type_and_values(schema, value, out);
  if (value.is_number()) check_number(schema, value, out);
  if (value.is_string()) check_string(schema, value, out);
  if (value.is_object()) check_object(schema, value, marks, out);
  if (value.is_array()) check_array(schema, value, marks, out);
  check_combinations(schema, value, marks, out);
  // After a violation the marks are incomplete, and what they would add is noise.
  if (marks != nullptr && out.size() == violations_before) {
    check_unevaluated(schema, value, marks, out);
  }
  if (seen != nullptr && out.size() == violations_before) {
    for (std::size_t i = 0; i < own.size(); ++i)
      (*seen)[i] = static_cast<char>((*seen)[i] | own[i]);
  }
  if (enters) resources_.pop_back();
  --depth_;
}

bool Validator::apply(NodeId id, const Json& value, Seen* seen, Violations& out) {
  const std::size_t before = out.size();
  evaluate(id, value, seen, out);
  return out.size() == before;
}

void Validator::descend(NodeId id, const Json& value, std::string_view step, Violations& out) {
  const std::size_t length = path_.size();
  path_ += pointer_step(step);
  evaluate(id, value, nullptr, out);
  path_.resize(length);
}

void Validator::descend(NodeId id, const Json& value, std::size_t index, Violations& out) {
  descend(id, value, std::to_string(index), out);
}

void Validator::check_type_and_values(const SchemaNode& schema, const Json& value,
                                      Violations& out) {
  if (schema.types != 0 && (schema.types & type_bits(value)) == 0) {
    report("type", fmt::format("{}, {}", value.type_name(), excerpt(value)), schema.types_wanted,
           out);
  }
  if (!schema.enumeration && !schema.constant) return;
  const std::string text = canonical_text(value);
  if (schema.enumeration && !schema.enumeration->canonical.contains(text)) {
    report("enum", excerpt(value), schema.enumeration->wanted, out);
  }
  if (schema.constant && !schema.constant->canonical.contains(text)) {
    report("const", excerpt(value), schema.constant->wanted, out);
  }
}

void Validator::check_number(const SchemaNode& schema, const Json& value, Violations& out) {
  const long double number = to_long_double(value);
  if (schema.minimum && number < schema.minimum->value) {
    report("minimum", excerpt(value), "at least " + schema.minimum->text, out);
  }
  if (schema.maximum && number > schema.maximum->value) {
    report("maximum", excerpt(value), "at most " + schema.maximum->text, out);
  }
  if (schema.exclusive_minimum && number <= schema.exclusive_minimum->value) {
    report("exclusiveMinimum", excerpt(value), "more than " + schema.exclusive_minimum->text, out);
  }
  if (schema.exclusive_maximum && number >= schema.exclusive_maximum->value) {
    report("exclusiveMaximum", excerpt(value), "less than " + schema.exclusive_maximum->text, out);
  }
  if (schema.multiple_of && !is_multiple(value, *schema.multiple_of)) {
    report("multipleOf", excerpt(value), "a multiple of " + schema.multiple_of->text, out);
  }
}

void Validator::check_string(const SchemaNode& schema, const Json& value, Violations& out) {
  const std::string& text = value.get_ref<const std::string&>();
  if (schema.min_length || schema.max_length) {
    const std::int64_t length = code_points(text);
    if (schema.min_length && length < *schema.min_length) {
      report("minLength", plural(length, "character"),
             fmt::format("at least {}", *schema.min_length), out);
    }
    if (schema.max_length && length > *schema.max_length) {
      report("maxLength", plural(length, "character"),
             fmt::format("at most {}", *schema.max_length), out);
    }
  }
  if (schema.pattern) {
    const Match match = search(*schema.pattern, text);
    if (match == Match::no)
      report("pattern", excerpt(value), "a match of " + schema.pattern->text, out);
    if (match == Match::exhausted && !late_) {
      report("limit", excerpt(value) + ", on which the pattern takes too many steps",
             "a match of " + schema.pattern->text, out);
    }
  }
  if (schema.format != nullptr && !schema.format(text)) {
    report("format", excerpt(value), "the format " + schema.format_name, out);
  }
}

void Validator::check_combinations(const SchemaNode& schema, const Json& value, Seen* seen,
                                   Violations& out) {
  if (schema.reference != kNoNode) apply(schema.reference, value, seen, out);
  if (schema.dynamic_reference != kNoNode) apply(dynamic_target(schema), value, seen, out);
  for (NodeId id : schema.all_of) apply(id, value, seen, out);
  if (!schema.any_of.empty()) check_any_of(schema, value, seen, out);
  if (!schema.one_of.empty()) check_one_of(schema, value, seen, out);
  if (schema.negated != kNoNode) {
    Violations ignored;
    if (apply(schema.negated, value, nullptr, ignored)) {
      report("not", excerpt(value), "a value that the schema under \"not\" refuses", out);
    }
  }
  if (schema.condition != kNoNode) {
    Violations ignored;
    const bool holds = apply(schema.condition, value, seen, ignored);
    const NodeId chosen = holds ? schema.consequence : schema.alternative;
    if (chosen != kNoNode) apply(chosen, value, seen, out);
  }
}

// Says what the nearest alternative (the one with the fewest violations) misses.
void Validator::check_any_of(const SchemaNode& schema, const Json& value, Seen* seen,
                             Violations& out) {
  Violations nearest;
  bool matched = false;
  for (NodeId id : schema.any_of) {
    Violations failed;
    if (apply(id, value, seen, failed)) {
      matched = true;
      if (seen == nullptr) return;  // further alternatives matter only for their marks
    } else if (nearest.empty() || failed.size() < nearest.size()) {
      nearest = std::move(failed);
    }
  }
  if (matched) return;
  report("anyOf", excerpt(value),
         fmt::format("one of {} alternatives; the nearest one says: {}", schema.any_of.size(),
                     nearest[0].message()),
         out);
}

void Validator::check_one_of(const SchemaNode& schema, const Json& value, Seen* seen,
                             Violations& out) {
  Violations nearest;
  std::int64_t matched = 0;
  for (NodeId id : schema.one_of) {
    Violations failed;
    if (apply(id, value, seen, failed)) {
      ++matched;
    } else if (nearest.empty() || failed.size() < nearest.size()) {
      nearest = std::move(failed);
    }
  }
  if (matched == 1) return;
  const std::string wanted = fmt::format("exactly one of {} alternatives", schema.one_of.size());
  if (matched > 1) {
    report("oneOf", fmt::format("{}, which fits {}", excerpt(value), matched), wanted, out);
  } else {
    report("oneOf", excerpt(value),
           fmt::format("{}; the nearest one says: {}", wanted, nearest[0].message()), out);
  }
}

void Validator::check_unevaluated(const SchemaNode& schema, const Json& value, Seen* seen,
                                  Violations& out) {
  const bool object = value.is_object() && schema.unevaluated_properties != kNoNode;
  const bool array = value.is_array() && schema.unevaluated_items != kNoNode;
  if (!object && !array) return;
  std::size_t index = 0;
  for (const auto& [key, member] : value.items()) {
    if ((*seen)[index] == 0 && object) {
      check_member(schema.unevaluated_properties, key, member, "unevaluatedProperties", out);
    } else if ((*seen)[index] == 0) {
      descend(schema.unevaluated_items, member, index, out);
    }
    (*seen)[index++] = 1;
  }
}

}  // namespace attune::grammar
