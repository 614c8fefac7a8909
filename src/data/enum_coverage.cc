#include "data/enum_coverage.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "grammar/canonical.h"

namespace attune::data {

namespace {

constexpr int kDeepest = 64;

class EnumFinder {
 public:
  explicit EnumFinder(const Json& document) : document_(document) {}

  void visit(const Json& schema, const std::string& path, int depth) {
    if (!schema.is_object() || depth > kDeepest) return;
    const auto values = schema.find("enum");
    if (values != schema.end() && values->is_array()) add(path, *values);
    follow(schema, path, depth);
    for (const char* const name : {"allOf", "anyOf", "oneOf"}) {
      const auto list = schema.find(name);
      if (list == schema.end() || !list->is_array()) continue;
      for (const Json& branch : *list) visit(branch, path, depth + 1);
    }
    for (const char* const name : {"then", "else"}) {
      if (const auto branch = schema.find(name); branch != schema.end())
        visit(*branch, path, depth + 1);
    }
    if (const auto properties = schema.find("properties");
        properties != schema.end() && properties->is_object()) {
      for (const auto& [name, property] : properties->items())
        visit(property, path + grammar::pointer_step(name), depth + 1);
    }
    if (const auto items = schema.find("items"); items != schema.end())
      visit(*items, path + "/*", depth + 1);
    if (const auto items = schema.find("prefixItems"); items != schema.end() && items->is_array()) {
      for (std::size_t i = 0; i < items->size(); ++i)
        visit((*items)[i], fmt::format("{}/{}", path, i), depth + 1);
    }
  }

  std::vector<EnumField> fields;

 private:
  void follow(const Json& schema, const std::string& path, int depth) {
    const auto reference = schema.find("$ref");
    if (reference == schema.end() || !reference->is_string()) return;
    const auto& text = reference->get_ref<const std::string&>();
    if (!text.starts_with("#/") || !open_.insert(text + " " + path).second) return;
    const Json::json_pointer pointer(text.substr(1));
    if (document_.contains(pointer)) visit(document_.at(pointer), path, depth + 1);
    open_.erase(text + " " + path);
  }

  void add(const std::string& path, const Json& values) {
    auto field = std::find_if(fields.begin(), fields.end(),
                              [&](const EnumField& known) { return known.path == path; });
    if (field == fields.end())
      field = fields.insert(fields.end(), EnumField{.path = path, .values = {}});
    for (const Json& value : values) {
      if (std::find(field->values.begin(), field->values.end(), value) == field->values.end())
        field->values.push_back(value);
    }
  }

  const Json& document_;
  std::set<std::string> open_;  // references being followed: a recursive schema ends
};

// The values at a path, "*" being every item.
void collect_at(const Json& value, std::string_view path, std::vector<const Json*>& found) {
  if (path.empty()) {
    found.push_back(&value);
    return;
  }
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string step(path.substr(0, end));
  const std::string_view rest = path.substr(end);
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (step == "*" || step == fmt::format("{}", i)) collect_at(value[i], rest, found);
    }
  } else if (value.is_object()) {
    // json_pointer takes the escapes of the step back.
    if (const auto member = value.find(Json::json_pointer("/" + step).back());
        member != value.end())
      collect_at(*member, rest, found);
  }
}

}  // namespace

std::vector<EnumField> enum_fields(const Json& schema) {
  EnumFinder finder(schema);
  finder.visit(schema, "", 0);
  return std::move(finder.fields);
}

std::int64_t EnumCoverage::covered() const {
  return std::count_if(counts.begin(), counts.end(),
                       [](const EnumCount& count) { return count.count > 0; });
}

std::vector<std::string> EnumCoverage::missing() const {
  std::vector<std::string> names;
  for (const EnumCount& count : counts) {
    if (count.count == 0) names.push_back(fmt::format("{}: {}", count.path, to_text(count.value)));
  }
  return names;
}

EnumCoverage count_values(std::span<const EnumField> fields, std::span<const std::string> answers) {
  EnumCoverage coverage;
  for (const EnumField& field : fields) {
    for (const Json& value : field.values)
      coverage.counts.push_back({.path = field.path, .value = value, .count = 0});
  }
  for (const std::string& answer : answers) {
    const Result<Json> parsed = parse_json(answer, "answer");
    if (!parsed) continue;
    std::size_t first = 0;
    for (const EnumField& field : fields) {
      std::vector<const Json*> found;
      collect_at(*parsed, field.path, found);
      for (const Json* value : found) {
        const auto at = std::find(field.values.begin(), field.values.end(), *value);
        if (at != field.values.end())
          ++coverage.counts[first + static_cast<std::size_t>(at - field.values.begin())].count;
      }
      first += field.values.size();
    }
  }
  return coverage;
}

Json to_json(const EnumCoverage& coverage) {
  Json fields = Json::object();
  for (const EnumCount& count : coverage.counts)
    fields[count.path][count.value.is_string() ? count.value.get<std::string>()
                                               : to_text(count.value)] = count.count;
  return fields;
}

}  // namespace attune::data
