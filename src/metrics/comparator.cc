#include "metrics/comparator.h"

#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "grammar/canonical.h"
#include "metrics/answer_text.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"

namespace attune::metrics {

namespace {

constexpr std::array<std::pair<std::string_view, CompareAs>, 7> kKinds{{
    {"exact", CompareAs::exact},
    {"text", CompareAs::text},
    {"number", CompareAs::number},
    {"date", CompareAs::date},
    {"time", CompareAs::time},
    {"date_time", CompareAs::date_time},
    {"identifier", CompareAs::identifier},
}};

Failure refuse(std::string_view where, std::string found, std::string wanted) {
  return bad_input(
      {.where = std::string(where), .found = std::move(found), .wanted = std::move(wanted)});
}

Result<CompareAs> read_kind(const Json& name, std::string_view where) {
  std::string names;
  for (const auto& [known, kind] : kKinds) {
    if (name.is_string() && name.get_ref<const std::string&>() == known) return kind;
    names += names.empty() ? "" : ", ";
    names += known;
  }
  return refuse(where, "the comparator " + grammar::excerpt(name), "one of " + names);
}

Result<void> read_member(const std::string& key, const Json& value, std::string_view where,
                         Comparator& comparator) {
  const auto number = [&](double& out) -> Result<void> {
    if (!value.is_number() || value.get<double>() < 0) {
      return refuse(where, fmt::format("\"{}\": {}", key, grammar::excerpt(value)),
                    "a number of 0 or more");
    }
    out = value.get<double>();
    return {};
  };
  const std::string word = value.is_string() ? value.get<std::string>() : "";
  if (key == "absolute") return number(comparator.tolerance.absolute);
  if (key == "relative") return number(comparator.tolerance.relative);
  if (key == "at_least") return number(comparator.at_least);
  if (key == "unit") {
    if (!in_unit(1, word)) {
      return refuse(where, "the unit " + grammar::excerpt(value), "a unit such as kg, m, s or %");
    }
    comparator.unit = word;
    return {};
  }
  if (key == "order") {
    if (word != "day_first" && word != "month_first") {
      return refuse(where, "\"order\": " + grammar::excerpt(value), "day_first or month_first");
    }
    comparator.order = word == "day_first" ? DateOrder::day_first : DateOrder::month_first;
    return {};
  }
  if (key == "similarity") {
    comparator.similarity = find_similarity(word);
    if (!comparator.similarity) {
      return refuse(where, "the similarity " + grammar::excerpt(value),
                    "one of " + similarity_names());
    }
    return {};
  }
  return refuse(where, fmt::format("the key \"{}\"", key),
                "as, absolute, relative, unit, order, similarity or at_least");
}

std::string string_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

std::string collapsed(const Json& value) { return joined(white_space_tokens(string_of(value))); }

bool equal_exactly(const Json& answer, const Json& reference) {
  if (answer.is_string() && reference.is_string()) return collapsed(answer) == collapsed(reference);
  return grammar::same_value(answer, reference);
}

std::optional<Quantity> quantity_of(const Json& value, const std::string& unit) {
  std::optional<Quantity> quantity;
  if (value.is_number()) {
    quantity = Quantity{value.get<double>(), ""};
  } else if (value.is_string()) {
    quantity = read_quantity(value.get_ref<const std::string&>());
  }
  if (quantity && quantity->dimension.empty() && !unit.empty()) {
    return in_unit(quantity->value, unit);
  }
  return quantity;
}

std::string identifier_of(const Json& value) {
  std::string text;
  for (char c : ascii_lower(string_of(value))) {
    if (std::string_view(" \t\r\n-./_").find(c) == std::string_view::npos) text += c;
  }
  return text;
}

// Equal in the canonical form, where both have one.
template <typename Canonical>
bool equal_in_form(const Json& answer, const Json& reference, Canonical canonical) {
  if (!answer.is_string() || !reference.is_string()) return equal_exactly(answer, reference);
  const std::optional<std::string> given = canonical(answer.get_ref<const std::string&>());
  const std::optional<std::string> wanted = canonical(reference.get_ref<const std::string&>());
  return given && wanted ? *given == *wanted : equal_exactly(answer, reference);
}

bool equal_text(const Comparator& comparator, const Json& answer, const Json& reference) {
  if (answer.is_structured() || reference.is_structured()) return equal_exactly(answer, reference);
  const std::string given = string_of(answer);
  const std::string wanted = string_of(reference);
  if (comparator.similarity) {
    return text_similarity(*comparator.similarity, given, wanted) >= comparator.at_least;
  }
  return normalised_answer(given) == normalised_answer(wanted);
}

bool equal_quantity(const Comparator& comparator, const Json& answer, const Json& reference) {
  const std::optional<Quantity> given = quantity_of(answer, comparator.unit);
  const std::optional<Quantity> wanted = quantity_of(reference, comparator.unit);
  if (!given || !wanted) return equal_exactly(answer, reference);
  // Conversion rounds: 1.1 km and 1100 m are the same.
  constexpr double kRounding = 1e-15;
  Tolerance tolerance = comparator.tolerance;
  tolerance.relative = std::max(tolerance.relative, kRounding);
  if (comparator.tolerance.absolute > 0 && !comparator.unit.empty()) {
    // The tolerance is written in the unit, the values are in the base unit.
    tolerance.absolute = std::abs(in_unit(tolerance.absolute, comparator.unit)->value -
                                  in_unit(0, comparator.unit)->value);
  }
  return same_quantity(*given, *wanted, tolerance);
}

}  // namespace

Result<Comparator> read_comparator(const Json& spec, std::string_view where) {
  Comparator comparator;
  if (spec.is_string()) {
    ATTUNE_TRY(comparator.as, read_kind(spec, where));
    return comparator;
  }
  if (!spec.is_object() || !spec.contains("as")) {
    return refuse(where, grammar::excerpt(spec),
                  "the name of a comparator, or an object with \"as\"");
  }
  for (const auto& [key, value] : spec.items()) {
    if (key == "as") {
      ATTUNE_TRY(comparator.as, read_kind(value, where));
    } else {
      ATTUNE_TRY_VOID(read_member(key, value, where, comparator));
    }
  }
  return comparator;
}

bool equal_under(const Comparator& comparator, const Json& answer, const Json& reference) {
  switch (comparator.as) {
    case CompareAs::exact:
      return equal_exactly(answer, reference);
    case CompareAs::text:
      return equal_text(comparator, answer, reference);
    case CompareAs::number:
      return equal_quantity(comparator, answer, reference);
    case CompareAs::date:
      return equal_in_form(answer, reference, [&](std::string_view text) {
        return canonical_date(text, comparator.order);
      });
    case CompareAs::time:
      return equal_in_form(answer, reference, canonical_time);
    case CompareAs::date_time:
      return equal_in_form(answer, reference, [&](std::string_view text) {
        return canonical_date_time(text, comparator.order);
      });
    case CompareAs::identifier:
      return !answer.is_structured() && !reference.is_structured() &&
             identifier_of(answer) == identifier_of(reference);
  }
  return false;
}

}  // namespace attune::metrics
