#include "text/jinja/lexer.h"

#include <array>

#include <fmt/format.h>

#include "text/jinja/value.h"
#include "text/unicode.h"

namespace attune::text::jinja {

namespace {

// One kind of line break, and one at the end dropped.
std::string normalized_source(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t at = 0; at < source.size(); ++at) {
    if (source[at] == '\r') {
      out += '\n';
      if (at + 1 < source.size() && source[at + 1] == '\n') ++at;
    } else {
      out += source[at];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool is_name_start(char32_t code) { return is_letter(code) || code == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

constexpr std::array<std::string_view, 6> kLongSymbols = {"//", "**", "==", "!=", "<=", ">="};
constexpr std::string_view kShortSymbols = "+-/*%~[](){}<>=.:|,;";

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalized_source(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const std::size_t tag = find_tag();
      const bool is_variable = tag < source_.size() && source_[tag + 1] == '{';
      add_text(tag, is_variable);
      if (tag == source_.size()) break;
      at_ = tag + 2;
      // "{%-" and "{%+" were seen by add_text.
      if (at_ < source_.size() && (source_[at_] == '-' || (source_[at_] == '+' && !is_variable)))
        ++at_;
      if (source_[tag + 1] == '#') {
        skip_comment();
      } else if (is_variable) {
        push(TokenKind::variable_begin, "{{");
        read_tag("}}", TokenKind::variable_end);
      } else if (!read_raw()) {
        push(TokenKind::block_begin, "{%");
        read_tag("%}", TokenKind::block_end);
      }
    }
    push(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(std::string_view message) const {
    throw TemplateError(fmt::format("line {}: {}", line_, message));
  }

  void push(TokenKind kind, std::string_view text) {
    tokens_.push_back({kind, std::string(text), line_});
  }

  void count_lines(std::size_t begin, std::size_t end) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(begin),
                                         source_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
  }

  std::size_t find_tag() const {
    for (std::size_t at = at_; at + 1 < source_.size(); ++at) {
      const char next = source_[at + 1];
      if (source_[at] == '{' && (next == '{' || next == '%' || next == '#')) return at;
    }
    return source_.size();
  }

  // The text before the tag at `tag`, without the white space that the tag asks to drop.
  void add_text(std::size_t tag, bool is_variable) {
    std::string_view text = std::string_view(source_).substr(at_, tag - at_);
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    if (tag < source_.size() && sign == '-') {
      text = without_end_space(text);
    } else if (tag < source_.size() && sign != '+' && !is_variable) {
      const std::size_t line_start = text.rfind('\n') + 1;  // 0 when there is no line break
      if ((line_start > 0 || starts_line_) && without_end_space(text.substr(line_start)).empty()) {
        text = text.substr(0, line_start);
      }
    }
    if (!text.empty()) push(TokenKind::text, text);
    count_lines(at_, tag);
    at_ = tag;
  }

  static std::string_view without_end_space(std::string_view text) {
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size();) {
      const Character character = character_at(text, at);
      at += character.bytes;
      if (!is_white_space(character.code) && !(character.code >= 0x1C && character.code <= 0x1F))
        end = at;
    }
    return text.substr(0, end);
  }

  // After the end of a tag: "-" drops all white space, a block or comment drops one line break.
  void finish_tag(std::size_t end, char sign, bool trims) {
    count_lines(at_, end);
    at_ = end;
    std::size_t stop = at_;
    if (sign == '-') {
      while (stop < source_.size()) {
        const Character character = character_at(source_, stop);
        if (!is_white_space(character.code)) break;
        stop += character.bytes;
      }
    } else if (sign != '+' && trims && stop < source_.size() && source_[stop] == '\n') {
      ++stop;
    }
    count_lines(at_, stop);
    at_ = stop;
    starts_line_ = source_[at_ - 1] == '\n';
  }

  void skip_comment() {
    const std::size_t close = source_.find("#}", at_);
    if (close == std::string::npos) fail("Missing end of comment tag");
    const char sign = close > at_ ? source_[close - 1] : '\0';
    finish_tag(close + 2, sign, true);
  }

  std::size_t past_spaces(std::size_t at) const {
    while (at < source_.size() && is_white_space(static_cast<unsigned char>(source_[at]))) ++at;
    return at;
  }

  // The end of a block that holds the single word `word` from `at` on; `sign` is what stands before
  // "%}".
  bool single_word_block(std::size_t at, std::string_view word, std::size_t& end,
                         char& sign) const {
    at = past_spaces(at);
    if (source_.compare(at, word.size(), word) != 0) return false;
    at = past_spaces(at + word.size());
    sign = at < source_.size() && (source_[at] == '-' || source_[at] == '+') ? source_[at] : '\0';
    if (sign != '\0') ++at;
    if (source_.compare(at, 2, "%}") != 0) return false;
    end = at + 2;
    return true;
  }

  // {% raw %} ... {% endraw %}
  bool read_raw() {
    std::size_t end = 0;
    char sign = '\0';
    if (!single_word_block(at_, "raw", end, sign)) return false;
    finish_tag(end, sign, true);
    for (std::size_t close = source_.find("{%", at_); close != std::string::npos;
         close = source_.find("{%", close + 2)) {
      const char before = close + 2 < source_.size() ? source_[close + 2] : '\0';
      const bool has_sign = before == '-' || before == '+';
      if (!single_word_block(close + (has_sign ? 3 : 2), "endraw", end, sign)) continue;
      add_text(close, false);
      finish_tag(end, sign, true);
      return true;
    }
    fail("Missing end of raw directive");
  }

  void read_tag(std::string_view close, TokenKind close_kind) {
    std::string brackets;
    while (true) {
      at_ = skip_space();
      if (at_ >= source_.size())
        fail(fmt::format("unexpected end of template, expected '{}'", close));
      if (brackets.empty()) {
        const char sign = source_[at_];
        const bool has_sign = sign == '-' || (sign == '+' && close == "%}");
        if (source_.compare(at_ + (has_sign ? 1 : 0), 2, close) == 0) {
          push(close_kind, close);
          finish_tag(at_ + (has_sign ? 3 : 2), has_sign ? sign : '\0', close == "%}");
          return;
        }
      }
      read_token(brackets);
    }
  }

  std::size_t skip_space() {
    std::size_t stop = at_;
    while (stop < source_.size()) {
      const Character character = character_at(source_, stop);
      if (!character.valid || !is_white_space(character.code)) break;
      stop += character.bytes;
    }
    count_lines(at_, stop);
    return stop;
  }

  void read_token(std::string& brackets) {
    const char c = source_[at_];
    if (is_digit(c)) return read_number();
    if (c == '"' || c == '\'') return read_string(c);
    const Character character = character_at(source_, at_);
    if (character.valid && is_name_start(character.code)) return read_name();
    for (const std::string_view symbol : kLongSymbols) {
      if (source_.compare(at_, 2, symbol) == 0) return take(TokenKind::symbol, at_ + 2);
    }
    if (kShortSymbols.find(c) == std::string_view::npos) {
      fail(fmt::format("unexpected char '{}'", source_.substr(at_, character.bytes)));
    }
    if (c == '(' || c == '[' || c == '{') {
      brackets.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    } else if (c == ')' || c == ']' || c == '}') {
      if (brackets.empty()) fail(fmt::format("unexpected '{}'", c));
      if (brackets.back() != c)
        fail(fmt::format("unexpected '{}', expected '{}'", c, brackets.back()));
      brackets.pop_back();
    }
    take(TokenKind::symbol, at_ + 1);
  }

  void take(TokenKind kind, std::size_t end) {
    push(kind, std::string_view(source_).substr(at_, end - at_));
    at_ = end;
  }

  void read_name() {
    std::size_t end = at_;
    while (end < source_.size()) {
      const Character character = character_at(source_, end);
      if (!character.valid || !is_word(character.code)) break;
      end += character.bytes;
    }
    take(TokenKind::name, end);
  }

  // Digits with single underscores between them.
  std::size_t digits_end(std::size_t at) const {
    while (at < source_.size() &&
           (is_digit(source_[at]) ||
            (source_[at] == '_' && at + 1 < source_.size() && is_digit(source_[at + 1])))) {
      ++at;
    }
    return at;
  }

  void read_number() {
    const char base = at_ + 1 < source_.size() ? static_cast<char>(source_[at_ + 1] | 0x20) : '\0';
    if (source_[at_] == '0' && (base == 'x' || base == 'o' || base == 'b')) {
      std::size_t end = at_ + 2;
      while (end < source_.size() && (is_hex_digit(source_[end]) || source_[end] == '_')) ++end;
      if (end > at_ + 2) return take(TokenKind::integer, end);
    }
    std::size_t end = digits_end(at_);
    bool is_real = false;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
      end = digits_end(end + 1);
      is_real = true;
    }
    if (end < source_.size() && (source_[end] | 0x20) == 'e') {
      std::size_t exponent = end + 1;
      if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-'))
        ++exponent;
      if (exponent < source_.size() && is_digit(source_[exponent])) {
        end = digits_end(exponent);
        is_real = true;
      }
    }
    take(is_real ? TokenKind::real : TokenKind::integer, end);
  }

  void read_string(char quote) {
    const int first_line = line_;
    std::string content;
    std::size_t at = at_ + 1;
    while (at < source_.size() && source_[at] != quote) {
      if (source_[at] == '\\' && at + 1 < source_.size()) {
        at = read_escape(at + 1, content);
      } else {
        content += source_[at++];
      }
    }
    if (at >= source_.size()) fail("unexpected end of template in a string");
    count_lines(at_, at);
    at_ = at + 1;
    tokens_.push_back({TokenKind::string, std::move(content), first_line});
  }

  // The escape whose letter stands at `at`; returns where the text goes on.
  std::size_t read_escape(std::size_t at, std::string& content) const {
    constexpr std::string_view kLetters = "ntrbfav\\'\"";
    constexpr std::string_view kMeanings = "\n\t\r\b\f\a\v\\'\"";
    const char letter = source_[at];
    const std::size_t known = kLetters.find(letter);
    if (known != std::string_view::npos) {
      content += kMeanings[known];
      return at + 1;
    }
    if (letter == '\n') return at + 1;
    if (letter >= '0' && letter <= '7') {
      std::uint32_t code = 0;
      std::size_t end = at;
      for (; end < at + 3 && end < source_.size() && source_[end] >= '0' && source_[end] <= '7';
           ++end) {
        code = code * 8 + static_cast<std::uint32_t>(source_[end] - '0');
      }
      append_utf8(content, code);
      return end;
    }
    const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    if (digits == 0) {
      content += '\\';  // an unknown escape is no escape
      return at;
    }
    std::uint32_t code = 0;
    for (std::size_t i = 1; i <= digits; ++i) {
      if (at + i >= source_.size() || !is_hex_digit(source_[at + i]))
        fail("truncated escape in a string");
      const char digit = source_[at + i];
      code = code * 16 +
             static_cast<std::uint32_t>(is_digit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
      fail("an escape that is no character");
    append_utf8(content, code);
    return at + 1 + digits;
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool starts_line_ = true;  // the text at at_ is the start of a line
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize_template(std::string_view source) { return Lexer(source).run(); }

}  // namespace attune::text::jinja
