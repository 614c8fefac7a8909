#include "grammar/metaschemas.h"

#include "grammar/schema_dialect.h"

namespace attune::grammar {

namespace {

// The schemas of the values, for one draft.
class Values {
 public:
  explicit Values(Dialect dialect) : dialect_(dialect) {}

  Json of(ValueKind kind) const {
    switch (kind) {
      case ValueKind::schema:
        return schema();
      case ValueKind::schema_or_boolean:
        return dialect_ == Dialect::draft_4 ? either(typed("boolean"), schema()) : schema();
      case ValueKind::schema_list:
        return schemas();
      case ValueKind::schema_map:
        return map_of(schema());
      case ValueKind::pattern_map: {
        Json map = map_of(schema());
        if (dialect_ >= Dialect::draft_6) map["propertyNames"] = {{"format", "regex"}};
        return map;
      }
      case ValueKind::items:
        return dialect_ >= Dialect::draft_2020_12 ? schema() : either(schema(), schemas());
      case ValueKind::dependencies:
        return map_of(either(schema(), texts()));
      case ValueKind::limit:
        return typed(dialect_ == Dialect::draft_4 ? "boolean" : "number");
      case ValueKind::texts_map:
        return map_of(texts());
      case ValueKind::texts:
        return texts();
      case ValueKind::types:
        return types();
      case ValueKind::values:
        return typed("array");
      case ValueKind::count:
        return {{"type", "integer"}, {"minimum", 0}};
      case ValueKind::positive:
        return above_zero();
      case ValueKind::number:
        return typed("number");
      case ValueKind::flag:
        return typed("boolean");
      case ValueKind::text:
        return typed("string");
      case ValueKind::reference:
        return typed("string", "uri-reference");
      case ValueKind::pattern:
        return typed("string", "regex");
      case ValueKind::any:
        return Json::object();
    }
    return Json::object();
  }

 private:
  static Json typed(const char* type) { return {{"type", type}}; }
  static Json typed(const char* type, const char* format) {
    return {{"type", type}, {"format", format}};
  }
  static Json either(Json one, Json other) {
    return {{"anyOf", Json::array({std::move(one), std::move(other)})}};
  }
  static Json map_of(Json value) {
    return {{"type", "object"}, {"additionalProperties", std::move(value)}};
  }

  Json schema() const {
    if (dialect_ >= Dialect::draft_2020_12) return {{"$dynamicRef", "#meta"}};
    if (dialect_ == Dialect::draft_2019_09) return {{"$recursiveRef", "#"}};
    return {{"$ref", "#"}};
  }
  Json schemas() const { return {{"type", "array"}, {"minItems", 1}, {"items", schema()}}; }
  Json texts() const {
    Json list = {{"type", "array"}, {"items", typed("string")}, {"uniqueItems", true}};
    if (dialect_ == Dialect::draft_4) list["minItems"] = 1;
    return list;
  }
  Json above_zero() const {
    if (dialect_ == Dialect::draft_4) {
      return {{"type", "number"}, {"minimum", 0}, {"exclusiveMinimum", true}};
    }
    return {{"type", "number"}, {"exclusiveMinimum", 0}};
  }
  static Json types() {
    const Json name = {
        {"enum", {"array", "boolean", "integer", "null", "number", "object", "string"}}};
    return either(name,
                  {{"type", "array"}, {"items", name}, {"minItems", 1}, {"uniqueItems", true}});
  }

  Dialect dialect_;
};

}  // namespace

Json metaschema(Dialect dialect) {
  const std::string address(dialect_address(dialect));
  const bool newer = dialect >= Dialect::draft_2019_09;
  Json document = {{"$schema", newer ? address : address + "#"}};
  document[dialect == Dialect::draft_4 ? "id" : "$id"] = address;
  if (dialect == Dialect::draft_2019_09) document["$recursiveAnchor"] = true;
  if (dialect >= Dialect::draft_2020_12) document["$dynamicAnchor"] = "meta";
  document["type"] = "object";
  if (dialect != Dialect::draft_4) document["type"] = {"object", "boolean"};
  const Values values(dialect);
  Json& properties = document["properties"] = Json::object();
  for (const KeywordEntry& entry : keyword_table()) {
    if (dialect < entry.first || dialect > entry.last) continue;
    properties[std::string(entry.name)] = values.of(entry.kind);
  }
  if (dialect == Dialect::draft_4) {
    document["dependencies"] = {{"exclusiveMinimum", {"minimum"}},
                                {"exclusiveMaximum", {"maximum"}}};
  }
  return document;
}

}  // namespace attune::grammar
