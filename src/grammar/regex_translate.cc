// ECMA-262 (flag u) to PCRE2. Most of the two languages is common; this file rewrites where they
// differ and refuses what ECMA-262 does not have, so that a schema means here what it means to
// every other validator.
#include <array>
#include <utility>

#include <fmt/format.h>

#include "grammar/regex.h"

namespace attune::grammar {

namespace {

// ECMA's \s: white space and line ends, Unicode ones included; written as members of a class.
constexpr std::string_view kSpaceMembers =
    R"(\x09-\x0d\x20\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";

// Long names of general categories (and the names ECMA gives POSIX-like ones), which PCRE2 knows by
// letter only.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kCategories{{
    {"Letter", "L"},
    {"Lowercase_Letter", "Ll"},
    {"Uppercase_Letter", "Lu"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Other", "C"},
}};

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> run() {
    while (at_ < pattern_.size()) {
      ATTUNE_TRY_VOID(in_class_ ? class_step() : step());
    }
    if (in_class_) return refuse("a class without its closing ]");
    return std::move(out_);
  }

 private:
  Failure refuse(std::string_view what) const {
    return bad_input({.where = fmt::format("regular expression '{}'", pattern_),
                      .found = fmt::format("{} at byte {}", what, at_),
                      .wanted = "ECMA-262 syntax, as JSON Schema asks"});
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }

  void copy(std::size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  Result<void> step() {
    const char c = peek();
    if (c == '\\') return escape();
    if (c == '.') {
      out_ += R"([^\n\r\x{2028}\x{2029}])";
      ++at_;
      return {};
    }
    if (c == '[') {
      copy(peek(1) == '^' ? 2 : 1);
      in_class_ = true;
      return {};
    }
    if (c == '(') return group();
    if (c == '*' || c == '+' || c == '?' || (c == '}' && !out_.empty())) {
      copy(1);
      if (peek() == '+') return refuse("a possessive quantifier");
      return {};
    }
    copy(1);
    return {};
  }

  Result<void> group() {
    if (peek(1) == '*') return refuse("a quantifier with nothing before it");
    if (peek(1) != '?') {
      copy(1);
      return {};
    }
    const char kind = peek(2);
    if (kind == ':' || kind == '=' || kind == '!') {
      copy(3);
      return {};
    }
    if (kind == '<') {
      copy(peek(3) == '=' || peek(3) == '!' ? 4 : 3);
      return {};
    }
    return refuse(fmt::format("the group '(?{}'", kind));
  }

  Result<void> class_step() {
    const char c = peek();
    if (c == '\\') return escape();
    if (c == ']') {
      in_class_ = false;
      copy(1);
      return {};
    }
    if (c == '[') out_ += '\\';  // PCRE2 would read [[:alpha:]] as a POSIX class
    copy(1);
    return {};
  }

  Result<void> escape() {
    const char c = peek(1);
    if (at_ + 1 >= pattern_.size()) return refuse("a backslash with nothing after it");
    if (c == 'u') return unicode_escape();
    if (c == 'p' || c == 'P') return property();
    if (c == 's' || c == 'S') return space(c == 'S');
    if (c == 'v') {
      out_ += "\\x0b";
      at_ += 2;
      return {};
    }
    if (c == 'c') {
      if (!is_letter(peek(2))) return refuse("\\c without a letter");
      copy(3);
      return {};
    }
    if (c == 'x') {
      if (!is_hex(peek(2)) || !is_hex(peek(3))) return refuse("\\x without two hexadecimal digits");
      copy(4);
      return {};
    }
    const std::string_view allowed = in_class_ ? "dDwWbfnrt-" : "dDwWbBfnrtk";
    if (is_letter(c) && allowed.find(c) == std::string_view::npos) {
      return refuse(fmt::format("the escape '\\{}'", c));
    }
    if (c == '0') {
      out_ += "\\x00";
      at_ += 2;
      return {};
    }
    copy(2);
    return {};
  }

  // Inside a class \s adds its members; \S there is PCRE2's own, which knows the ASCII spaces only.
  Result<void> space(bool negated) {
    if (in_class_ && negated) {
      out_ += "\\S";
    } else if (in_class_) {
      out_ += kSpaceMembers;
    } else {
      out_ += fmt::format("[{}{}]", negated ? "^" : "", kSpaceMembers);
    }
    at_ += 2;
    return {};
  }

  Result<std::uint32_t> hex4(std::size_t from) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      if (!is_hex(peek(from + i))) return refuse("\\u without four hexadecimal digits");
      value = value * 16 +
              static_cast<std::uint32_t>(std::stoi(std::string(1, peek(from + i)), nullptr, 16));
    }
    return value;
  }

  Result<void> unicode_escape() {
    if (peek(2) == '{') {
      const std::size_t close = pattern_.find('}', at_);
      if (close == std::string_view::npos) return refuse("\\u{ without }");
      out_ += fmt::format("\\x{{{}}}", pattern_.substr(at_ + 3, close - at_ - 3));
      at_ = close + 1;
      return {};
    }
    ATTUNE_TRY(std::uint32_t value, hex4(2));
    std::size_t length = 6;
    if (value >= 0xD800 && value < 0xDC00 && peek(6) == '\\' && peek(7) == 'u') {
      ATTUNE_TRY(const std::uint32_t low, hex4(8));
      if (low < 0xDC00 || low > 0xDFFF) return refuse("half of a surrogate pair");
      value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
      length = 12;
    }
    out_ += fmt::format("\\x{{{:x}}}", value);
    at_ += length;
    return {};
  }

  Result<void> property() {
    const std::size_t close = pattern_.find('}', at_);
    if (peek(2) != '{' || close == std::string_view::npos) return refuse("\\p without {name}");
    std::string_view name = pattern_.substr(at_ + 3, close - at_ - 3);
    for (std::string_view prefix : {"General_Category=", "gc=", "Script=", "sc="}) {
      if (name.substr(0, prefix.size()) == prefix) name.remove_prefix(prefix.size());
    }
    for (const auto& [longer, letter] : kCategories) {
      if (name == longer) name = letter;
    }
    out_ += fmt::format("\\{}{{{}}}", peek(1), name);
    at_ = close + 1;
    return {};
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  std::string out_;
};

}  // namespace

Result<std::string> translate_ecma_regex(std::string_view pattern) {
  return Translator(pattern).run();
}

}  // namespace attune::grammar
