// Mapping::parse: the grammar of the mapping line (see mapping.h).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/trim.h"
#include "data/mapping.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 6> kTargets = {"system",   "user", "assistant",
                                                      "messages", "id",   "split"};

Failure wrong(std::string found, std::string wanted, std::string fix = {}) {
  return bad_input({.where = "--map",
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = std::move(fix)});
}

// The target that `text` begins with ("user" for "user=..."), or nothing.
std::optional<std::string_view> leading_target(std::string_view text) {
  for (const std::string_view target : kTargets) {
    if (!text.starts_with(target)) continue;
    if (trim(text.substr(target.size())).starts_with('=')) return target;
  }
  return std::nullopt;
}

// Pieces between commas that stand before a target; other commas belong to a value.
std::vector<std::string_view> divide_targets(std::string_view text) {
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  int parentheses = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++parentheses;
    if (text[i] == ')' && parentheses > 0) --parentheses;
    if (text[i] != ',' || !leading_target(trim(text.substr(i + 1)))) continue;
    // Inside json(...) a key may be called "user": there a comma divides members.
    if (parentheses > 0 && trim(text.substr(text.find('=', begin) + 1)).starts_with("json("))
      continue;
    pieces.push_back(text.substr(begin, i - begin));
    begin = i + 1;
    parentheses = 0;
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == 'n' || next == 't' || next == '\\')) {
      out.push_back(next == 'n' ? '\n' : next == 't' ? '\t' : '\\');
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

Result<std::vector<TemplatePart>> parse_template(std::string_view text) {
  std::vector<TemplatePart> parts;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) parts.push_back({.literal = unescape(literal), .column = {}});
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
    if ((text[i] == '{' || text[i] == '}') && doubled) {
      literal.push_back(text[i++]);
    } else if (text[i] == '{') {
      const std::size_t close = text.find('}', i);
      const std::string_view column =
          close == std::string_view::npos ? "" : trim(text.substr(i + 1, close - i - 1));
      if (column.empty()) {
        return wrong(
            fmt::format("a '{{' without a column and '}}' in \"{}\"", quote_for_message(text)),
            "{column}", "write a brace as {{");
      }
      end_literal();
      parts.push_back({.literal = {}, .column = std::string(column)});
      i = close;
    } else if (text[i] == '}') {
      return wrong(fmt::format("a lone '}}' in \"{}\"", quote_for_message(text)), "{column}",
                   "write a brace as }}");
    } else {
      literal.push_back(text[i]);
    }
  }
  end_literal();
  return parts;
}

std::optional<MemberType> member_type(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, MemberType>, 6> kTypes = {
      {{"string", MemberType::string},
       {"number", MemberType::number},
       {"integer", MemberType::integer},
       {"boolean", MemberType::boolean},
       {"json", MemberType::json},
       {"list", MemberType::list}}};
  for (const auto& [word, type] : kTypes) {
    if (word == name) return type;
  }
  return std::nullopt;
}

// [key=]column[:type][?]
Result<JsonMember> parse_member(std::string_view text) {
  JsonMember member;
  std::string_view rest = trim(text);
  if (rest.ends_with('?')) {
    member.leave_out_when_empty = true;
    rest = trim(rest.substr(0, rest.size() - 1));
  }
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    const std::string_view name = trim(rest.substr(colon + 1));
    const std::optional<MemberType> type = member_type(name);
    if (!type) {
      return wrong(fmt::format("the type \"{}\" in json(...)", quote_for_message(name)),
                   "string, number, integer, boolean, json or list");
    }
    member.type = *type;
    rest = trim(rest.substr(0, colon));
  }
  std::string_view key = rest;
  if (const std::size_t equals = rest.find('='); equals != std::string_view::npos) {
    key = trim(rest.substr(0, equals));
    rest = trim(rest.substr(equals + 1));
    while (true) {
      const std::size_t dot = key.find('.');
      member.keys.emplace_back(trim(key.substr(0, dot)));
      if (dot == std::string_view::npos) break;
      key.remove_prefix(dot + 1);
    }
  } else {
    member.keys.emplace_back(key);
  }
  member.column = rest;
  const bool empty_key = std::any_of(member.keys.begin(), member.keys.end(),
                                     [](const std::string& part) { return part.empty(); });
  if (member.column.empty() || empty_key) {
    return wrong(fmt::format("the member \"{}\" in json(...)", quote_for_message(text)),
                 "[key=]column[:type][?]");
  }
  return member;
}

// True when one key path is the other or leads through it: both would want the same place.
bool collide(const JsonMember& a, const JsonMember& b) {
  const std::size_t shared = std::min(a.keys.size(), b.keys.size());
  return std::equal(a.keys.begin(), a.keys.begin() + static_cast<std::ptrdiff_t>(shared),
                    b.keys.begin());
}

Result<std::vector<JsonMember>> parse_members(std::string_view text) {
  std::vector<JsonMember> members;
  while (true) {
    const std::size_t comma = text.find(',');
    ATTUNE_TRY(JsonMember member, parse_member(text.substr(0, comma)));
    for (const JsonMember& other : members) {
      if (!collide(member, other)) continue;
      return wrong(fmt::format("the key \"{}\" twice in json(...)", fmt::join(member.keys, ".")),
                   "each key once");
    }
    members.push_back(std::move(member));
    if (comma == std::string_view::npos) return members;
    text.remove_prefix(comma + 1);
  }
}

Result<ContentRule> parse_rule(std::string_view value) {
  constexpr std::string_view kLiteral = "literal:";
  constexpr std::string_view kJson = "json(";
  ContentRule rule;
  if (value.starts_with(kLiteral)) {
    rule.parts.push_back({.literal = unescape(value.substr(kLiteral.size())), .column = {}});
  } else if (value.starts_with(kJson)) {
    if (!value.ends_with(')')) {
      return wrong(fmt::format("\"{}\" without its ')'", quote_for_message(value)),
                   "json(column,...)");
    }
    ATTUNE_TRY(rule.members,
               parse_members(value.substr(kJson.size(), value.size() - kJson.size() - 1)));
  } else if (value.find_first_of("{}") != std::string_view::npos) {
    ATTUNE_TRY(rule.parts, parse_template(value));
  } else {
    rule.parts.push_back({.literal = {}, .column = std::string(value)});
  }
  return rule;
}

Result<void> set_target(Mapping& mapping, std::string_view target, std::string_view value) {
  const auto twice = [&] { return wrong(fmt::format("{} twice", target), "each target once"); };
  if (value.empty()) return wrong(fmt::format("{}= without a value", target), "a column after '='");
  for (const auto& [name, column] :
       {std::pair{"messages", &mapping.messages}, {"id", &mapping.id}, {"split", &mapping.split}}) {
    if (target != name) continue;
    if (!column->empty()) return twice();
    *column = value;
    return {};
  }
  std::optional<ContentRule>& rule = target == "system" ? mapping.system
                                     : target == "user" ? mapping.user
                                                        : mapping.assistant;
  if (rule) return twice();
  ATTUNE_TRY(rule, parse_rule(value));
  return {};
}

}  // namespace

Result<Mapping> Mapping::parse(std::string_view text) {
  Mapping mapping;
  for (const std::string_view piece : divide_targets(text)) {
    const std::string_view entry = trim(piece);
    const std::optional<std::string_view> target = leading_target(entry);
    if (!target) {
      return wrong(fmt::format("\"{}\"", quote_for_message(entry)),
                   "target=column with a target of system, user, assistant, messages, id or split",
                   "for example --map \"user=question,assistant=answer\"");
    }
    ATTUNE_TRY_VOID(set_target(mapping, *target, trim(entry.substr(entry.find('=') + 1))));
  }
  const bool pair = mapping.user || mapping.assistant || mapping.system;
  if (!mapping.messages.empty() && pair) {
    return wrong("both messages and system, user or assistant", "one way to make the conversation");
  }
  if (mapping.messages.empty() && pair && !(mapping.user && mapping.assistant)) {
    return wrong(mapping.user ? "no assistant" : "no user", "both user and assistant",
                 "for example --map \"user=question,assistant=answer\"");
  }
  return mapping;
}

}  // namespace attune::data
