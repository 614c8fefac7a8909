#include "metrics/field_f1.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "grammar/canonical.h"
#include "metrics/assignment.h"

namespace attune::metrics {

namespace {

// Longer lists are paired in order: optimal pairing costs the cube of their length.
constexpr std::size_t kLongestPaired = 128;

std::optional<double> share(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

bool is_leaf(const Json& value) { return !value.is_structured() || value.empty(); }

class Counter {
 public:
  explicit Counter(const FieldRules& rules) : rules_(rules) {}

  // Every leaf below `value` counts on one side alone.
  void count_side(const Json& value, const std::string& path, bool wanted, FieldCounts& counts) {
    if (is_leaf(value)) {
      FieldCount& count = counts.fields[path.empty() ? "(value)" : path];
      ++(wanted ? count.false_negatives : count.false_positives);
    } else if (value.is_object()) {
      for (const auto& [key, member] : value.items()) {
        count_side(member, below(path, key), wanted, counts);
      }
    } else {
      for (const Json& element : value) count_side(element, path + "[]", wanted, counts);
    }
  }

  void count_both(const Json& answer, const Json& reference, const std::string& path,
                  FieldCounts& counts) {
    if (answer.is_object() && reference.is_object() && !answer.empty() && !reference.empty()) {
      count_objects(answer, reference, path, counts);
    } else if (answer.is_array() && reference.is_array() && !answer.empty() && !reference.empty()) {
      count_lists(answer, reference, path, counts);
    } else if (is_leaf(answer) && is_leaf(reference) &&
               equal_under(comparator(path), answer, reference)) {
      ++counts.fields[path.empty() ? "(value)" : path].true_positives;
    } else {
      count_side(answer, path, false, counts);
      count_side(reference, path, true, counts);
    }
  }

 private:
  static std::string below(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  const Comparator& comparator(const std::string& path) const {
    static const Comparator exact;
    const auto found = rules_.comparators.find(path);
    return found == rules_.comparators.end() ? exact : found->second;
  }

  void count_objects(const Json& answer, const Json& reference, const std::string& path,
                     FieldCounts& counts) {
    for (const auto& [key, member] : reference.items()) {
      if (const auto given = answer.find(key); given != answer.end()) {
        count_both(*given, member, below(path, key), counts);
      } else {
        count_side(member, below(path, key), true, counts);
      }
    }
    for (const auto& [key, member] : answer.items()) {
      if (!reference.contains(key)) count_side(member, below(path, key), false, counts);
    }
  }

  using Pairs = std::vector<std::optional<std::size_t>>;  // for each element of the reference

  bool same_key(const Json& answer, const Json& reference, const std::string& key,
                const std::string& path) const {
    if (!answer.is_object() || !reference.is_object()) return false;
    const auto given = answer.find(key);
    const auto wanted = reference.find(key);
    return given != answer.end() && wanted != reference.end() &&
           equal_under(comparator(path + "[]." + key), *given, *wanted);
  }

  Pairs pairs_by_key(const Json& answer, const Json& reference, const std::string& key,
                     const std::string& path) const {
    Pairs given_for(reference.size());
    std::vector<bool> used(answer.size());
    for (std::size_t i = 0; i < reference.size(); ++i) {
      for (std::size_t j = 0; j < answer.size() && !given_for[i]; ++j) {
        if (used[j] || !same_key(answer[j], reference[i], key, path)) continue;
        used[j] = true;
        given_for[i] = j;
      }
    }
    return given_for;
  }

  // Counts every pair once and adds those of the best pairing. No pair is counted again, so that
  // lists inside lists cost the product of the two sizes and no more.
  Pairs count_best_pairs(const Json& answer, const Json& reference, const std::string& path,
                         FieldCounts& counts) {
    std::vector<FieldCounts> of_pair(reference.size() * answer.size());
    std::vector<double> gain(of_pair.size());
    for (std::size_t i = 0; i < reference.size(); ++i) {
      for (std::size_t j = 0; j < answer.size(); ++j) {
        const std::size_t at = i * answer.size() + j;
        count_both(answer[j], reference[i], path + "[]", of_pair[at]);
        gain[at] = static_cast<double>(of_pair[at].micro().true_positives);
      }
    }
    Pairs given_for = best_assignment(gain, reference.size(), answer.size());
    for (std::size_t i = 0; i < reference.size(); ++i) {
      if (given_for[i]) counts += of_pair[i * answer.size() + *given_for[i]];
    }
    return given_for;
  }

  void count_lists(const Json& answer, const Json& reference, const std::string& path,
                   FieldCounts& counts) {
    Pairs given_for;
    const auto key = rules_.keys.find(path);
    if (key == rules_.keys.end() && std::max(answer.size(), reference.size()) <= kLongestPaired) {
      given_for = count_best_pairs(answer, reference, path, counts);
    } else {
      if (key != rules_.keys.end()) {
        given_for = pairs_by_key(answer, reference, key->second, path);
      } else {
        given_for.resize(reference.size());
        for (std::size_t i = 0; i < std::min(answer.size(), reference.size()); ++i) {
          given_for[i] = i;
        }
      }
      for (std::size_t i = 0; i < reference.size(); ++i) {
        if (given_for[i]) count_both(answer[*given_for[i]], reference[i], path + "[]", counts);
      }
    }
    std::vector<bool> used(answer.size());
    for (std::size_t i = 0; i < reference.size(); ++i) {
      if (given_for[i]) {
        used[*given_for[i]] = true;
      } else {
        count_side(reference[i], path + "[]", true, counts);
      }
    }
    for (std::size_t j = 0; j < answer.size(); ++j) {
      if (!used[j]) count_side(answer[j], path + "[]", false, counts);
    }
  }

  const FieldRules& rules_;
};

}  // namespace

FieldCount& FieldCount::operator+=(const FieldCount& other) {
  true_positives += other.true_positives;
  false_positives += other.false_positives;
  false_negatives += other.false_negatives;
  return *this;
}

std::optional<double> FieldCount::precision() const {
  return share(true_positives, true_positives + false_positives);
}

std::optional<double> FieldCount::recall() const {
  return share(true_positives, true_positives + false_negatives);
}

std::optional<double> FieldCount::f1() const {
  return share(2 * true_positives, 2 * true_positives + false_positives + false_negatives);
}

FieldCounts& FieldCounts::operator+=(const FieldCounts& other) {
  for (const auto& [path, count] : other.fields) fields[path] += count;
  return *this;
}

FieldCount FieldCounts::micro() const {
  FieldCount sum;
  for (const auto& [path, count] : fields) sum += count;
  return sum;
}

std::optional<double> FieldCounts::macro_f1() const {
  if (fields.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& [path, count] : fields) sum += count.f1().value_or(0);
  return sum / static_cast<double>(fields.size());
}

Result<FieldRules> read_field_rules(const Json& spec, std::string_view where) {
  FieldRules rules;
  const auto refuse = [&](std::string found, std::string wanted) {
    return bad_input(
        {.where = std::string(where), .found = std::move(found), .wanted = std::move(wanted)});
  };
  if (!spec.is_object()) return refuse(grammar::excerpt(spec), "an object with fields and keys");
  for (const auto& [name, group] : spec.items()) {
    if ((name != "fields" && name != "keys") || !group.is_object()) {
      return refuse(fmt::format("\"{}\": {}", name, grammar::excerpt(group)),
                    "\"fields\" with comparators by path, \"keys\" with member names by path");
    }
    for (const auto& [path, value] : group.items()) {
      if (name == "fields") {
        ATTUNE_TRY(rules.comparators[path],
                   read_comparator(value, fmt::format("{}: fields: {}", where, path)));
      } else if (value.is_string()) {
        rules.keys[path] = value.get<std::string>();
      } else {
        return refuse(fmt::format("the key {} of \"{}\"", grammar::excerpt(value), path),
                      "the name of a member");
      }
    }
  }
  return rules;
}

FieldCounts count_fields(const Json* answer, const Json& reference, const FieldRules& rules) {
  FieldCounts counts;
  Counter counter(rules);
  if (answer == nullptr) {
    counter.count_side(reference, "", true, counts);
  } else {
    counter.count_both(*answer, reference, "", counts);
  }
  return counts;
}

}  // namespace attune::metrics
