// Reading an object of a suite file: each member by its kind, unknown keys refused.
//
//   Members members(document, "suite.yaml: judge", {"model", "repeats"});
//   members.text("model", plan.model);
//   members.integer("repeats", 1, 20, plan.repeats);
//   ATTUNE_TRY_VOID(members.result());    // the first fault
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/result.h"
#include "io/json.h"

namespace attune::eval {

// Reads the members of one object; the first fault is kept, and unknown keys are one.
class Members {
 public:
  Members(const Json& object, std::string where, std::initializer_list<std::string_view> known)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) {
      fail("", to_text(object).substr(0, 80), "keys with values");
      return;
    }
    for (const auto& [key, value] : object.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail("", fmt::format("the key \"{}\"", key),
             fmt::format("one of {}", fmt::join(known, ", ")));
    }
  }

  const Json* find(const char* key) const {
    if (fault_ || !object_.contains(key) || object_[key].is_null()) return nullptr;
    return &object_[key];
  }

  void text(const char* key, std::string& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_string()) return fail(key, to_text(*value), "a text");
    out = value->get<std::string>();
  }

  void flag(const char* key, bool& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_boolean()) return fail(key, to_text(*value), "true or false");
    out = value->get<bool>();
  }

  void integer(const char* key, std::int64_t least, std::int64_t most, std::int64_t& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const bool fits = value->is_number_integer() && value->get<std::int64_t>() >= least &&
                      value->get<std::int64_t>() <= most;
    if (!fits)
      return fail(key, to_text(*value), fmt::format("a whole number from {} to {}", least, most));
    out = value->get<std::int64_t>();
  }

  void number(const char* key, double least, double most, double& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const bool fits =
        value->is_number() && value->get<double>() >= least && value->get<double>() <= most;
    if (!fits)
      return fail(key, to_text(*value), fmt::format("a number from {} to {}", least, most));
    out = value->get<double>();
  }

  void share(const char* key, std::optional<double>& out) {
    if (find(key) != nullptr) number(key, 0, 1, out.emplace());
  }

  template <typename Names, typename Value>
  void choice(const char* key, const Names& names, Value& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    std::vector<std::string_view> known;
    for (const auto& [one, name] : names) {
      known.push_back(name);
      if (value->is_string() && value->get_ref<const std::string&>() == name) {
        out = one;
        return;
      }
    }
    fail(key, to_text(*value), fmt::format("one of {}", fmt::join(known, ", ")));
  }

  void fail(std::string_view key, std::string found, std::string wanted) {
    if (fault_) return;
    fault_ = {.where = key.empty() ? where_ : fmt::format("{}: {}", where_, key),
              .found = std::move(found),
              .wanted = std::move(wanted)};
  }

  Result<void> result() const {
    if (fault_) return bad_input(*fault_);
    return {};
  }

 private:
  const Json& object_;
  std::string where_;
  std::optional<ErrorParts> fault_;
};

}  // namespace attune::eval
