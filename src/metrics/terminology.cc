#include "metrics/terminology.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "grammar/canonical.h"

namespace attune::metrics {

namespace {

using Words = std::vector<std::string>;

Result<grammar::Glossary> glossary_of(const Words& words, std::string_view where) {
  Json listed = Json::object();
  listed["preferred"] = Json(words);
  return grammar::Glossary::compile(listed, where);
}

bool occurs(const grammar::Glossary& words, std::string_view text) {
  return words.check(text).preferred > 0;
}

// A text or a list of texts.
Result<Words> read_words(const Json& entry, const char* key, std::string_view where) {
  Words words;
  if (!entry.contains(key)) return words;
  const Json& value = entry[key];
  for (const Json& word : value.is_array() ? value : Json::array({value})) {
    if (!word.is_string()) {
      return bad_input({.where = std::string(where),
                        .found = fmt::format("\"{}\": {}", key, grammar::excerpt(value)),
                        .wanted = "a text or a list of texts"});
    }
    words.push_back(word);
  }
  return words;
}

// {"preferred": [...], "forbidden": {"motor": "valve actuator"}} as a list of concepts.
Json concepts_of_glossary(const Json& glossary) {
  std::map<std::string, Json> by_term;
  if (glossary.contains("preferred") && glossary["preferred"].is_array()) {
    for (const Json& term : glossary["preferred"]) {
      if (term.is_string()) by_term[term.get<std::string>()] = Json::array();
    }
  }
  if (glossary.contains("forbidden") && glossary["forbidden"].is_object()) {
    for (const auto& [term, instead] : glossary["forbidden"].items()) {
      if (instead.is_string() && !instead.get_ref<const std::string&>().empty()) {
        by_term[instead.get<std::string>()].push_back(term);
      }
    }
  }
  Json concepts = Json::array();
  for (const auto& [term, forbidden] : by_term) {
    Json entry = Json::object();
    entry["preferred"] = term;
    if (!forbidden.is_null()) entry["forbidden"] = forbidden;
    concepts.push_back(std::move(entry));
  }
  return concepts;
}

}  // namespace

std::optional<double> TermScore::adherence(double forbidden_weight) const {
  if (applicable.empty()) return std::nullopt;
  double sum = 0;
  for (const TermUse& use : applicable) {
    sum += (use.required ? 1 : 0) - (use.forbidden ? forbidden_weight : 0);
  }
  return sum / static_cast<double>(applicable.size());
}

Result<void> Terminology::add(const Json& entry, std::string_view where) {
  const auto refuse = [&](std::string found, std::string wanted) {
    return bad_input(
        {.where = std::string(where), .found = std::move(found), .wanted = std::move(wanted)});
  };
  if (!entry.is_object() || !entry.contains("preferred")) {
    return refuse(grammar::excerpt(entry), "a concept with at least \"preferred\"");
  }
  for (const auto& [key, value] : entry.items()) {
    if (key != "concept" && key != "preferred" && key != "inflections" && key != "forbidden" &&
        key != "context") {
      return refuse(fmt::format("the key \"{}\"", key),
                    "concept, preferred, inflections, forbidden or context");
    }
  }
  ATTUNE_TRY(Words required, read_words(entry, "preferred", where));
  if (required.empty()) return refuse("no preferred term", "at least one");
  ATTUNE_TRY(const Words names, read_words(entry, "concept", where));
  ATTUNE_TRY(const Words inflections, read_words(entry, "inflections", where));
  ATTUNE_TRY(const Words forbidden, read_words(entry, "forbidden", where));
  ATTUNE_TRY(const Words context, read_words(entry, "context", where));
  Concept one;
  one.name = names.empty() ? required.front() : names.front();
  required.insert(required.end(), inflections.begin(), inflections.end());
  Words any_form = required;
  any_form.insert(any_form.end(), forbidden.begin(), forbidden.end());
  any_form.insert(any_form.end(), names.begin(), names.end());
  // A forbidden word inside a required term ("motor" in "motor control") is no use of it: the
  // required terms stand beside the forbidden ones so that glossary.h sees both.
  Json listed = Json::object();
  listed["preferred"] = Json(required);
  listed["forbidden"] = Json::object();
  for (const std::string& word : forbidden) listed["forbidden"][word] = required.front();
  ATTUNE_TRY(one.forbidden, grammar::Glossary::compile(listed, where));
  ATTUNE_TRY(one.required, glossary_of(required, where));
  ATTUNE_TRY(one.any_form, glossary_of(any_form, where));
  ATTUNE_TRY(one.context, glossary_of(context, where));
  concepts_.push_back(std::move(one));
  return {};
}

Result<Terminology> Terminology::read(const Json& spec, std::string_view where) {
  Terminology terminology;
  const Json concepts = spec.is_object() ? concepts_of_glossary(spec) : spec;
  if (!concepts.is_array()) {
    return bad_input({.where = std::string(where),
                      .found = grammar::excerpt(spec),
                      .wanted = "a list of concepts, or a glossary"});
  }
  for (std::size_t i = 0; i < concepts.size(); ++i) {
    ATTUNE_TRY_VOID(terminology.add(concepts[i], fmt::format("{}: concept {}", where, i + 1)));
  }
  return terminology;
}

TermScore Terminology::check(std::string_view answer, std::string_view source,
                             std::string_view reference) const {
  TermScore score;
  for (const Concept& one : concepts_) {
    const bool comes_up = occurs(one.any_form, source) || occurs(one.any_form, reference);
    const bool in_context =
        one.context.empty() || occurs(one.context, source) || occurs(one.context, reference);
    if (!comes_up || !in_context) continue;
    score.applicable.push_back({.concept_name = one.name,
                                .required = occurs(one.required, answer),
                                .forbidden = !one.forbidden.check(answer).forbidden.empty()});
  }
  return score;
}

}  // namespace attune::metrics
