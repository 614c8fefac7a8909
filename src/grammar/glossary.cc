#include "grammar/glossary.h"

#include <fmt/format.h>

#include "grammar/canonical.h"

namespace attune::grammar {

namespace {

constexpr std::string_view kSpecial = "\\^$.[]|()?*+{}#";

// Whole words: no word character on the other side of a word character at either end of the term.
std::string term_pattern(std::string_view term) {
  std::string pattern = R"((?<![\p{L}\p{M}\p{N}_]))";
  bool in_space = false;
  for (char c : term) {
    const bool space = c == ' ' || c == '\t' || c == '\n';
    if (space && !in_space) pattern += R"(\s+)";
    in_space = space;
    if (space) continue;
    if (kSpecial.find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + R"((?![\p{L}\p{M}\p{N}_]))";
}

struct Span {
  std::size_t begin;
  std::size_t end;
};

bool inside_any(const std::vector<Span>& spans, std::size_t begin, std::size_t end) {
  for (const Span& span : spans) {
    if (span.begin <= begin && end <= span.end && span.end - span.begin > end - begin) return true;
  }
  return false;
}

}  // namespace

Result<Glossary> Glossary::compile(const Json& glossary, std::string_view where) {
  const auto refuse = [&](std::string_view place, const Json& found, std::string wanted) {
    return bad_input({.where = fmt::format("{}#/x-glossary{}", where, place),
                      .found = excerpt(found),
                      .wanted = std::move(wanted)});
  };
  const auto add = [&](std::string_view text, std::string instead,
                       std::vector<Term>& out) -> Result<void> {
    if (text.find_first_not_of(" \t\n") == std::string_view::npos) {
      return refuse("", Json(text), "a term with at least one visible character");
    }
    ATTUNE_TRY(Regex regex, Regex::compile_caseless(term_pattern(text)));
    out.push_back({std::string(text), std::move(instead), std::move(regex)});
    return {};
  };
  if (!glossary.is_object())
    return refuse("", glossary, "an object with \"preferred\" and \"forbidden\"");
  Glossary result;
  for (const auto& [key, value] : glossary.items()) {
    if (key == "preferred" && value.is_array()) {
      for (const Json& term : value) {
        if (!term.is_string()) return refuse("/preferred", term, "a string");
        ATTUNE_TRY_VOID(add(term.get<std::string>(), "", result.preferred_));
      }
    } else if (key == "forbidden" && value.is_object()) {
      for (const auto& [term, instead] : value.items()) {
        if (!instead.is_string())
          return refuse("/forbidden" + pointer_step(term), instead,
                        "a string: what to use instead, or \"\"");
        ATTUNE_TRY_VOID(add(term, instead.get<std::string>(), result.forbidden_));
      }
    } else {
      return refuse(pointer_step(key), value,
                    "\"preferred\": [terms] or \"forbidden\": {term: what to use instead}");
    }
  }
  return result;
}

GlossaryUse Glossary::check(std::string_view text) const {
  GlossaryUse use;
  std::vector<Span> preferred;
  for (const Term& term : preferred_) {
    term.regex.for_each(text, [&](std::size_t begin, std::size_t end) {
      preferred.push_back({begin, end});
    });
  }
  use.preferred = static_cast<std::int64_t>(preferred.size());
  for (const Term& term : forbidden_) {
    term.regex.for_each(text, [&](std::size_t begin, std::size_t end) {
      if (inside_any(preferred, begin, end)) return;
      use.forbidden.push_back(
          {term.text, std::string(text.substr(begin, end - begin)), term.instead});
    });
  }
  return use;
}

void Glossary::check_strings(const Json& value, GlossaryUse& use) const {
  if (value.is_string()) {
    GlossaryUse found = check(value.get_ref<const std::string&>());
    use.preferred += found.preferred;
    for (ForbiddenUse& forbidden : found.forbidden) use.forbidden.push_back(std::move(forbidden));
  } else if (value.is_structured()) {
    for (const Json& member : value) check_strings(member, use);
  }
}

GlossaryUse Glossary::check_strings(const Json& value) const {
  GlossaryUse use;
  if (!empty()) check_strings(value, use);
  return use;
}

}  // namespace attune::grammar
