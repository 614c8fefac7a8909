#include "grammar/instruction.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

namespace attune::grammar {

namespace {

constexpr int kDeepest = 4;  // nesting that words still carry

// The schema that a local "$ref" points to, or the node itself.
const Json& resolved(const Json& document, const Json& node) {
  if (!node.is_object() || !node.contains("$ref") || !node["$ref"].is_string()) return node;
  const std::string reference = node["$ref"];
  if (!reference.starts_with("#/")) return node;
  const Json::json_pointer pointer(reference.substr(1));
  return document.contains(pointer) ? document[pointer] : node;
}

std::string type_words(const std::string& type) {
  static const std::map<std::string, std::string> kWords = {
      {"string", "text"},           {"integer", "whole number"}, {"number", "number"},
      {"boolean", "true or false"}, {"array", "list"},           {"null", "null"}};
  const auto found = kWords.find(type);
  return found == kWords.end() ? type : found->second;
}

// "one of a, b", "text", "list of text"; `nullable` tells whether null is allowed too.
std::string kind_words(const Json& document, const Json& node, bool& nullable) {
  if (node.contains("const")) return to_text(node["const"]);
  if (node.contains("enum") && node["enum"].is_array()) {
    std::vector<std::string> choices;
    for (const Json& choice : node["enum"]) {
      if (choice.is_null()) {
        nullable = true;
      } else {
        choices.push_back(to_text(choice));
      }
    }
    return fmt::format("one of {}", fmt::join(choices, ", "));
  }
  std::string words;
  const Json types = node.contains("type")
                         ? (node["type"].is_array() ? node["type"] : Json::array({node["type"]}))
                         : Json::array();
  for (const Json& type : types) {
    if (!type.is_string()) continue;
    if (type == "null") {
      nullable = true;
      continue;
    }
    words += (words.empty() ? "" : " or ") + type_words(type);
    if (type == "array" && node.contains("items")) {
      bool ignored = false;
      const std::string item = kind_words(document, resolved(document, node["items"]), ignored);
      if (!item.empty()) words += " of " + item;
    }
  }
  if (node.value("format", "") == "date") words = "date as YYYY-MM-DD";
  return words;
}

void describe_properties(const Json& document, const Json& node, int depth, std::string& text,
                         bool& any_nullable) {
  const Json& object = resolved(document, node);
  if (depth > kDeepest || !object.is_object() || !object.contains("properties")) return;
  for (const auto& [key, raw] : object["properties"].items()) {
    const Json& property = resolved(document, raw);
    if (!property.is_object()) continue;
    const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
    if (property.contains("properties")) {
      text += fmt::format("{}- {}: object with\n", indent, to_text(Json(key)));
      describe_properties(document, property, depth + 1, text, any_nullable);
      continue;
    }
    bool nullable = false;
    std::string words = kind_words(document, property, nullable);
    if (property.contains("description") && property["description"].is_string()) {
      words += (words.empty() ? "" : ", ") + property["description"].get<std::string>();
    }
    if (words.empty()) words = "any value";
    text += fmt::format("{}- {}: {}{}\n", indent, to_text(Json(key)), words,
                        nullable ? ", or null" : "");
    any_nullable = any_nullable || nullable;
  }
}

// Each preferred term with the words that it replaces: `"valve actuator" (motor, knob); ...`.
std::string glossary_words(const Json& document) {
  if (!document.contains("x-glossary") || !document["x-glossary"].contains("forbidden")) return "";
  std::vector<std::pair<std::string, std::vector<std::string>>> terms;
  for (const auto& [word, instead] : document["x-glossary"]["forbidden"].items()) {
    if (!instead.is_string()) continue;
    const std::string term = instead;
    auto entry =
        std::find_if(terms.begin(), terms.end(), [&](const auto& t) { return t.first == term; });
    if (entry == terms.end()) entry = terms.insert(terms.end(), {term, {}});
    entry->second.push_back(word);
  }
  std::string text;
  for (const auto& [term, words] : terms) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", to_text(Json(term)),
                        fmt::join(words, ", "));
  }
  return text;
}

}  // namespace

std::string instruction(const Contract& contract) {
  const Json& document = contract.document();
  if (contract.is_for_text()) {
    std::string text = "Read the message and answer it";
    if (!contract.pattern().empty())
      text += " in a form that matches the regular expression " + contract.pattern();
    text += ".";
    const std::string words = glossary_words(document);
    return words.empty() ? text : text + "\nPreferred terms: " + words;
  }
  std::string keys;
  bool any_nullable = false;
  describe_properties(document, document, 0, keys, any_nullable);
  std::string text =
      keys.empty()
          ? "Read the message and answer as JSON that follows this schema: " + to_text(document) +
                "\n"
          : "Read the message and answer as one JSON object with these keys:\n" + keys;
  const std::string terms = glossary_words(document);
  if (!terms.empty()) text += "Preferred terms: " + terms + "\n";
  if (any_nullable) text += "Use null for what is missing. ";
  return text + "Only JSON.";
}

}  // namespace attune::grammar
