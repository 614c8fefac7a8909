#define PCRE2_CODE_UNIT_WIDTH 8
#include "data/pii.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <pcre2.h>

#include "base/ascii.h"
#include "data/digit_run.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

constexpr std::string_view kBuiltInRules =
#include "data/pii_rules.inc"
    ;

Failure wrong_rule(std::string_view where, const std::string& id, std::string found,
                   std::string wanted) {
  return bad_input({.where = fmt::format("{}: rule {}", where, quote_for_message(id)),
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = "correct the rule file"});
}

Result<Pattern> compile_pattern(const std::string& expression, const std::string& where) {
  return Pattern::compile(expression, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, where);
}

// Bytes in 32 classes: the letters without their case, digits, "@", what joins words, what stands
// in addresses; all else, above all the space, in one that no keyword begins with.
constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes;
  classes.fill(31);
  for (std::uint8_t i = 0; i < 26; ++i) classes['a' + i] = classes['A' + i] = i;
  for (const char c : std::string_view("0123456789")) classes[static_cast<std::uint8_t>(c)] = 26;
  for (const char c : std::string_view("@")) classes[static_cast<std::uint8_t>(c)] = 27;
  for (const char c : std::string_view("-_.")) classes[static_cast<std::uint8_t>(c)] = 28;
  for (const char c : std::string_view(":/=+$~")) classes[static_cast<std::uint8_t>(c)] = 29;
  return classes;
}();

std::uint32_t class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

// Shorter runs are told by the number of digits alone.
constexpr std::int64_t kFewestOfRun = 7;

std::optional<PiiTest> test_from_name(std::string_view name) {
  if (name == "luhn") return PiiTest::luhn;
  if (name == "iban") return PiiTest::iban;
  if (name == "jwt") return PiiTest::jwt;
  if (name == "public_ip") return PiiTest::public_ip;
  return std::nullopt;
}

// The strings of a list member; an absent one has none.
Result<std::vector<std::string>> string_list(const Json& rule, const char* key,
                                             std::string_view where, const std::string& id) {
  std::vector<std::string> list;
  if (!rule.contains(key)) return list;
  if (!rule[key].is_array())
    return wrong_rule(where, id, fmt::format("\"{}\" is no list", key), "a list of texts");
  for (const Json& item : rule[key]) {
    if (!item.is_string() || item.get_ref<const std::string&>().empty())
      return wrong_rule(where, id, fmt::format("an entry of \"{}\" is no text", key), "texts");
    list.push_back(item.get<std::string>());
  }
  return list;
}

std::string text_member(const Json& rule, const char* key, std::string otherwise) {
  const auto found = rule.find(key);
  return found != rule.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

double number_member(const Json& rule, const char* key) {
  const auto found = rule.find(key);
  return found != rule.end() && found->is_number() ? found->get<double>() : 0.0;
}

Result<void> check_members(const Json& rule, std::string_view where, const std::string& id) {
  constexpr std::array<std::string_view, 11> kMembers = {
      "id",    "regex",   "description", "keywords", "digits",  "digit_run",
      "check", "entropy", "allow",       "mask",     "severity"};
  for (const auto& [key, ignored] : rule.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), key) == kMembers.end())
      return wrong_rule(where, id, fmt::format("unknown member \"{}\"", quote_for_message(key)),
                        fmt::format("{}", fmt::join(kMembers, ", ")));
  }
  return {};
}

Result<PiiRule> read_rule(const Json& rule, std::string_view where) {
  const std::string id = rule.is_object() ? text_member(rule, "id", "") : "";
  if (id.empty() || !rule.contains("regex") || !rule["regex"].is_string())
    return wrong_rule(where, id, "no \"id\" or no \"regex\"", "both, as texts");
  ATTUNE_TRY_VOID(check_members(rule, where, id));
  ATTUNE_TRY(Pattern pattern, compile_pattern(rule["regex"].get<std::string>(),
                                              fmt::format("{}: rule {}", where, id)));
  PiiRule read{.id = id,
               .description = text_member(rule, "description", id),
               .keywords = {},
               .digits = static_cast<std::int64_t>(number_member(rule, "digits")),
               .digit_run = static_cast<std::int64_t>(number_member(rule, "digit_run")),
               .entropy = number_member(rule, "entropy"),
               .test = PiiTest::none,
               .mask = text_member(rule, "mask", "MASKED"),
               .severity = Severity::error,
               .pattern = std::move(pattern),
               .allow = {}};
  ATTUNE_TRY(read.keywords, string_list(rule, "keywords", where, id));
  for (std::string& keyword : read.keywords) keyword = ascii_lower(keyword);
  ATTUNE_TRY(const std::vector<std::string> allowed, string_list(rule, "allow", where, id));
  for (const std::string& expression : allowed) {
    ATTUNE_TRY(Pattern allow, compile_pattern(expression, fmt::format("{}: rule {}", where, id)));
    read.allow.push_back(std::move(allow));
  }
  if (const std::string name = text_member(rule, "check", ""); !name.empty()) {
    const std::optional<PiiTest> test = test_from_name(name);
    if (!test)
      return wrong_rule(where, id, fmt::format("check \"{}\"", quote_for_message(name)),
                        "luhn, iban, jwt or public_ip");
    read.test = *test;
  }
  const std::string severity = text_member(rule, "severity", "error");
  if (severity != "error" && severity != "warning")
    return wrong_rule(where, id, fmt::format("severity \"{}\"", quote_for_message(severity)),
                      "error or warning");
  if (severity == "warning") read.severity = Severity::warning;
  return read;
}

bool passes_test(PiiTest test, std::string_view value) {
  switch (test) {
    case PiiTest::none:
      return true;
    case PiiTest::luhn:
      return passes_luhn(value);
    case PiiTest::iban:
      return passes_iban(value);
    case PiiTest::jwt:
      return is_json_web_token(value);
    case PiiTest::public_ip:
      return is_public_ipv4(value);
  }
  return true;
}

}  // namespace

std::optional<PiiPolicy> pii_policy_from_name(std::string_view name) {
  if (name == "report") return PiiPolicy::report;
  if (name == "fail") return PiiPolicy::fail;
  if (name == "mask") return PiiPolicy::mask;
  if (name == "drop") return PiiPolicy::drop;
  if (name == "allow") return PiiPolicy::allow;
  return std::nullopt;
}

Result<PiiScanner> PiiScanner::built_in() {
  PiiScanner scanner;
  ATTUNE_TRY(const Json document, parse_json(kBuiltInRules, "built-in rules"));
  ATTUNE_TRY_VOID(scanner.add_rules(document, "built-in rules"));
  return scanner;
}

Result<void> PiiScanner::add_rules(const Json& document, std::string_view where) {
  if (!document.is_object() || !document.contains("rules") || !document["rules"].is_array()) {
    return bad_input({.where = std::string(where),
                      .found = "no list \"rules\"",
                      .wanted = R"({"rules": [{"id", "regex", ...}]})",
                      .fix = "see docs/data.md"});
  }
  std::size_t front = 0;  // rules of a file go before those that were known
  for (const Json& entry : document["rules"]) {
    ATTUNE_TRY(PiiRule rule, read_rule(entry, where));
    const auto known = std::find_if(rules_.begin(), rules_.end(),
                                    [&](const PiiRule& other) { return other.id == rule.id; });
    if (known == rules_.end()) {
      rules_.insert(rules_.begin() + static_cast<std::ptrdiff_t>(front++), std::move(rule));
    } else {
      *known = std::move(rule);
    }
  }
  build_prefilter();
  return {};
}

void PiiScanner::build_prefilter() {
  std::vector<std::vector<std::uint16_t>> beginnings(kBeginnings);
  keywords_.clear();
  candidates_.clear();
  needs_.clear();
  without_keywords_.clear();
  std::vector<std::string> texts;
  for (std::size_t rule = 0; rule < rules_.size(); ++rule) {
    const std::vector<std::string>& keywords = rules_[rule].keywords;
    needs_.push_back({rules_[rule].digits, rules_[rule].digit_run});
    if (keywords.empty()) without_keywords_.push_back(static_cast<std::uint16_t>(rule));
    texts.insert(texts.end(), keywords.begin(), keywords.end());
  }
  tables_ = keyword_tables(texts);
  for (std::size_t rule = 0; rule < rules_.size(); ++rule) {
    for (const std::string& keyword : rules_[rule].keywords) {
      const auto number = static_cast<std::uint16_t>(keywords_.size());
      keywords_.push_back({.text = keyword, .rule = static_cast<std::uint16_t>(rule)});
      // Of a keyword of one or two bytes, whatever follows it.
      std::size_t last = kBeginnings;
      for (std::uint32_t rest = 0; rest < 1024; ++rest) {
        const std::uint32_t second = keyword.size() > 1 ? class_of(keyword[1]) : rest >> 5;
        const std::uint32_t third = keyword.size() > 2 ? class_of(keyword[2]) : rest & 31;
        const std::size_t index = class_of(keyword[0]) << 10 | second << 5 | third;
        if (index != last) beginnings[index].push_back(number);
        last = index;
      }
    }
  }
  may_begin_.assign(kBeginnings, 0);
  for (std::size_t index = 0; index < kBeginnings; ++index) {
    std::vector<std::uint16_t>& list = beginnings[index];
    if (list.empty()) continue;
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    const auto known = std::find(candidates_.begin(), candidates_.end(), list);
    may_begin_[index] = static_cast<std::uint16_t>(known - candidates_.begin() + 1);
    if (known == candidates_.end()) candidates_.push_back(std::move(list));
  }
}

// Adds the rules of the keywords that `rest` begins with.
void PiiScanner::look_for_keywords(std::string_view rest, std::vector<std::uint16_t>& found) const {
  const auto class_at = [&](std::size_t at) { return at < rest.size() ? class_of(rest[at]) : 31u; };
  const std::uint16_t list = may_begin_[class_at(0) << 10 | class_at(1) << 5 | class_at(2)];
  if (list == 0) return;
  for (const std::uint16_t number : candidates_[list - 1u]) {
    const Keyword& keyword = keywords_[number];
    const bool here =
        rest.size() >= keyword.text.size() &&
        std::equal(keyword.text.begin(), keyword.text.end(), rest.begin(),
                   [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
    if (here && std::find(found.begin(), found.end(), keyword.rule) == found.end())
      found.push_back(keyword.rule);
  }
}

std::vector<std::uint16_t> PiiScanner::find_keywords(std::string_view text,
                                                     std::int64_t& digits) const {
  constexpr std::size_t kBlocks = 32;
  constexpr std::size_t kBehind = kFilterBytes - 1;
  std::array<std::uint64_t, kBlocks> begins;
  std::vector<std::uint16_t> found;
  const auto filter = [&](const char* from, std::size_t blocks, std::size_t at) {
    digits += filter_(tables_, from, blocks, begins.data());
    for (std::size_t block = 0; block < blocks; ++block) {
      for (std::uint64_t bits = begins[block]; bits != 0; bits &= bits - 1) {
        const std::size_t place =
            at + block * kFilterBlock + static_cast<std::size_t>(std::countr_zero(bits));
        if (place < text.size()) look_for_keywords(text.substr(place), found);
      }
    }
  };
  std::size_t at = 0;
  while (text.size() - at >= kFilterBlock + kBehind) {
    const std::size_t blocks = std::min((text.size() - at - kBehind) / kFilterBlock, kBlocks);
    filter(text.data() + at, blocks, at);
    at += blocks * kFilterBlock;
  }
  // The rest, with zeros behind it.
  std::array<char, 2 * kFilterBlock + kBehind> rest{};
  std::copy(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), rest.begin());
  filter(rest.data(), text.size() - at > kFilterBlock ? 2 : 1, at);
  for (const std::uint16_t rule : without_keywords_) {
    if (digits >= needs_[rule].digits) found.push_back(rule);
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Searches [from, to) of the text, with what stands before it in sight.
void PiiScanner::match_rule(const PiiRule& rule, std::string_view text, std::size_t from,
                            std::size_t to, std::vector<PiiMatch>& matches) const {
  text = text.substr(0, to);
  Pattern::Span span;
  while (from <= text.size() && rule.pattern.find(text, from, 0, span) == Pattern::Outcome::found) {
    from = std::max(span.end, from + 1);
    if (span.end <= span.begin) continue;
    const std::string_view value = text.substr(span.begin, span.end - span.begin);
    if (rule.entropy > 0 && shannon_entropy(value) < rule.entropy) continue;
    if (!passes_test(rule.test, value)) continue;
    Pattern::Span allowed;
    const bool passes =
        std::any_of(rule.allow.begin(), rule.allow.end(), [&](const Pattern& allow) {
          return allow.find(value, 0, 0, allowed) == Pattern::Outcome::found;
        });
    if (!passes) matches.push_back({.rule = &rule, .begin = span.begin, .end = span.end});
  }
}

std::vector<PiiMatch> PiiScanner::scan(std::string_view text) const {
  std::int64_t digits = 0;
  const std::vector<std::uint16_t> sought = find_keywords(text, digits);
  const std::int64_t run = digits < kFewestOfRun ? 0 : longest_digit_run(text);
  std::vector<PiiMatch> matches;  // in the order of the text, apart from each other
  for (const std::uint16_t i : sought) {
    if (!needs_[i].met_by(digits, run)) continue;
    const PiiRule& rule = rules_[i];
    // Only between the matches of earlier rules, so that a greedy rule cannot bridge one.
    std::vector<PiiMatch> more;
    std::size_t from = 0;
    for (const PiiMatch& match : matches) {
      match_rule(rule, text, from, match.begin, more);
      from = match.end;
    }
    match_rule(rule, text, from, text.size(), more);
    if (more.empty()) continue;
    matches.insert(matches.end(), more.begin(), more.end());
    std::sort(matches.begin(), matches.end(),
              [](const PiiMatch& a, const PiiMatch& b) { return a.begin < b.begin; });
  }
  return matches;
}

std::string PiiMask::apply(std::string_view text, const std::vector<PiiMatch>& matches) {
  std::string masked;
  std::size_t at = 0;
  for (const PiiMatch& match : matches) {
    masked += text.substr(at, match.begin - at);
    const std::string value(text.substr(match.begin, match.end - match.begin));
    std::string& placeholder = placeholders_[value];
    if (placeholder.empty())
      placeholder = fmt::format("<{}_{}>", match.rule->mask, ++counts_[match.rule->mask]);
    masked += placeholder;
    at = match.end;
  }
  masked += text.substr(at);
  return masked;
}

bool holds_placeholder(std::string_view text, const PiiScanner& scanner) {
  // <NAME_1>: the name is everything before the last _ that digits follow.
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const std::string_view rest = text.substr(at + 1, 80);
    const std::size_t end = rest.find('>');
    const std::size_t mark = end == std::string_view::npos ? end : rest.substr(0, end).rfind('_');
    if (mark == std::string_view::npos || mark + 1 == end) continue;
    const std::string_view number = rest.substr(mark + 1, end - mark - 1);
    if (number.find_first_not_of("0123456789") != std::string_view::npos) continue;
    const std::string_view name = rest.substr(0, mark);
    if (std::any_of(scanner.rules().begin(), scanner.rules().end(),
                    [&](const PiiRule& rule) { return rule.mask == name; }))
      return true;
  }
  return false;
}

}  // namespace attune::data
