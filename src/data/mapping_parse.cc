// Mapping::parse: the grammar of the mapping line (see mapping.h).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/trim.h"
#include "data/mapping.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

// The targets whose value is a content rule.
struct RuleTarget {
  std::string_view name;
  std::optional<ContentRule> Mapping::*rule;
};
constexpr std::array<RuleTarget, 5> kRuleTargets = {{{"system", &Mapping::system},
                                                     {"user", &Mapping::user},
                                                     {"assistant", &Mapping::assistant},
                                                     {"preferred", &Mapping::preferred},
                                                     {"non_preferred", &Mapping::non_preferred}}};

Failure wrong(std::string found, std::string wanted, std::string fix = {}) {
  return bad_input({.where = "--map",
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = std::move(fix)});
}

// The target that `text` begins with ("user" for "user=..."), or nothing.
std::optional<std::string_view> leading_target(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = trim(text.substr(0, equals));
  for (const RuleTarget& target : kRuleTargets) {
    if (name == target.name) return target.name;
  }
  for (const Mapping::ColumnTarget& target : Mapping::column_targets()) {
    if (name == target.name) return target.name;
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

// A column's name, which may end in '?'.
TemplatePart column_part(std::string_view name) {
  return {.literal = {}, .column = std::string(column_name(name)), .optional = name.ends_with('?')};
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
      parts.push_back(column_part(column));
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

// The columns of lines(...) and paragraphs(...).
Result<ContentRule> parse_list(std::string_view names, std::string_view separator) {
  ContentRule rule;
  rule.separator = separator;
  while (true) {
    const std::size_t comma = names.find(',');
    const std::string_view name = trim(names.substr(0, comma));
    if (column_name(name).empty())
      return wrong("an empty name in lines(...) or paragraphs(...)", "lines(column,column?)");
    rule.parts.push_back(column_part(name));
    if (comma == std::string_view::npos) return rule;
    names.remove_prefix(comma + 1);
  }
}

Result<ContentRule> parse_rule(std::string_view value) {
  constexpr std::string_view kLiteral = "literal:";
  ContentRule rule;
  if (value.starts_with(kLiteral)) {
    rule.parts.push_back({.literal = unescape(value.substr(kLiteral.size())), .column = {}});
    return rule;
  }
  for (const std::string_view function : {"json(", "lines(", "paragraphs("}) {
    if (!value.starts_with(function)) continue;
    if (!value.ends_with(')')) {
      return wrong(fmt::format("\"{}\" without its ')'", quote_for_message(value)),
                   fmt::format("{}column,...)", function));
    }
    const std::string_view inside =
        value.substr(function.size(), value.size() - function.size() - 1);
    if (function != "json(") return parse_list(inside, function == "lines(" ? "\n" : "\n\n");
    ATTUNE_TRY(rule.members, parse_members(inside));
    return rule;
  }
  if (value.find_first_of("{}") != std::string_view::npos) {
    ATTUNE_TRY(rule.parts, parse_template(value));
  } else {
    rule.parts.push_back(column_part(value));
  }
  return rule;
}

Result<void> set_target(Mapping& mapping, std::string_view target, std::string_view value) {
  const auto twice = [&] { return wrong(fmt::format("{} twice", target), "each target once"); };
  if (value.empty()) return wrong(fmt::format("{}= without a value", target), "a column after '='");
  for (const Mapping::ColumnTarget& known : Mapping::column_targets()) {
    if (target != known.name) continue;
    std::string& column = mapping.*known.column;
    if (!column.empty()) return twice();
    column = value;
    return {};
  }
  for (const RuleTarget& known : kRuleTargets) {
    if (target != known.name) continue;
    std::optional<ContentRule>& rule = mapping.*known.rule;
    if (rule) return twice();
    ATTUNE_TRY(rule, parse_rule(value));
  }
  return {};
}

// The targets of one row must make one kind of example.
Result<void> check_together(const Mapping& mapping) {
  const bool conversation = mapping.user || mapping.assistant;
  const bool pair = mapping.preferred || mapping.non_preferred;
  if (!mapping.messages.empty() && conversation) {
    return wrong("both messages and user or assistant", "one way to make the conversation");
  }
  if (pair && !(mapping.preferred && mapping.non_preferred)) {
    return wrong(mapping.preferred ? "no non_preferred" : "no preferred",
                 "both preferred and non_preferred");
  }
  if (pair && mapping.assistant) {
    return wrong("both assistant and preferred", "one answer, or two to compare");
  }
  if (mapping.steps.empty() != mapping.step_labels.empty()) {
    return wrong("one of steps and step_labels", "both");
  }
  const bool question_alone = pair || !mapping.ranked.empty() || !mapping.steps.empty();
  if (mapping.messages.empty() && (conversation || mapping.system) && !question_alone &&
      !(mapping.user && mapping.assistant)) {
    return wrong(mapping.user ? "no assistant" : "no user", "both user and assistant",
                 "for example --map \"user=question,assistant=answer\"");
  }
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
                   "target=column with a target of system, user, assistant, messages, preferred, "
                   "non_preferred, label, tools, id, split ...",
                   "for example --map \"user=question,assistant=answer\"");
    }
    ATTUNE_TRY_VOID(set_target(mapping, *target, trim(entry.substr(entry.find('=') + 1))));
  }
  ATTUNE_TRY_VOID(check_together(mapping));
  return mapping;
}

}  // namespace attune::data
