#include "data/label_fields.h"

#include <algorithm>
#include <map>

#include "base/trim.h"
#include "grammar/canonical.h"
#include "io/json.h"

namespace attune::data {

namespace {

constexpr std::size_t kMostValues = 200, kLongestValue = 80;
constexpr std::int64_t kRowsAValue = 5;

using Values = std::vector<std::string>;  // one a row; empty: none

void collect(const Json& value, const std::string& path, std::size_t row, std::size_t rows,
             std::map<std::string, Values>& fields) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items())
      collect(member, path + grammar::pointer_step(name), row, rows, fields);
  } else if (!value.is_array()) {
    Values& values = fields[path];
    values.resize(rows);
    values[row] = to_text(value);
  }
}

// A field of these values; none where they are no labels.
std::vector<LabelField> as_label(const std::string& path, const Values& rows) {
  std::map<std::string, std::int32_t> known;
  std::int64_t with = 0;
  for (const std::string& value : rows) {
    if (value.empty()) continue;
    ++with;
    if (value.size() > kLongestValue) return {};
    known.emplace(value, 0);
    if (known.size() > kMostValues) return {};
  }
  if (known.size() < 2 || with < kRowsAValue * std::ssize(known)) return {};
  LabelField field{.path = path, .values = {}, .labels = {}};
  for (auto& [value, number] : known) {
    number = static_cast<std::int32_t>(field.values.size());
    field.values.push_back(value);
  }
  for (const std::string& value : rows)
    field.labels.push_back(value.empty() ? -1 : known.at(value));
  return {std::move(field)};
}

}  // namespace

std::vector<LabelField> label_fields(std::span<const std::string> answers) {
  std::map<std::string, Values> members;
  Values whole;
  std::int64_t objects = 0;
  for (std::size_t row = 0; row < answers.size(); ++row) {
    whole.emplace_back(trim(answers[row]));
    const Result<Json> parsed = parse_json(answers[row], "answer");
    if (!parsed || !parsed->is_object()) continue;
    ++objects;
    collect(*parsed, "", row, answers.size(), members);
  }
  if (objects * 2 < std::ssize(answers)) return as_label("", whole);
  std::vector<LabelField> fields;
  for (const auto& [path, values] : members) {
    for (LabelField& field : as_label(path, values)) fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace attune::data
