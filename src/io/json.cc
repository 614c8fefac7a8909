// A recursive-descent parser of RFC 8259. Our own, not the library's, for three reasons: messages
// in plain words with the place; duplicate keys refused (parsers disagree on which one wins); and
// objects in file order built in linear time, where the library searches the whole object at every
// key.
// Longer than 400 lines: one parser, whose parts call each other.
#include "io/json.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/file.h"
#include "io/text_encoding.h"

namespace attune {

namespace {

constexpr int kDeepestNesting = 512;

class JsonParser {
 public:
  JsonParser(std::string_view text, std::string_view where, std::int64_t first_line)
      : text_(text), where_(where), first_line_(first_line) {}

  Result<Json> parse_document() {
    if (text_.starts_with(kUtf8ByteOrderMark)) at_ = kUtf8ByteOrderMark.size();
    skip_space();
    if (at_ == text_.size()) return fail(at_, "there is no JSON here", "one JSON value");
    Json value;
    ATTUNE_TRY_VOID(parse_value(value));
    skip_space();
    if (at_ != text_.size()) {
      return fail(at_, fmt::format("{} after the end of the JSON value", describe(at_)),
                  "nothing more",
                  "one file holds one JSON value; a file with one value a line is JSONL");
    }
    return value;
  }

 private:
  Failure fail(std::size_t offset, std::string found, std::string wanted = {},
               std::string fix = {}) const {
    return bad_input({.where = name_place(where_, place_of(text_, offset, first_line_)),
                      .found = std::move(found),
                      .wanted = std::move(wanted),
                      .fix = std::move(fix)});
  }

  std::string describe(std::size_t offset) const {
    if (offset >= text_.size()) return "the end of the text";
    const std::string_view rest = text_.substr(offset);
    if (rest[0] == '"') return "a string";
    const std::size_t length = utf8_sequence_length(rest);
    return length == 0 ? fmt::format("byte 0x{:02X}", static_cast<unsigned char>(rest[0]))
                       : fmt::format("'{}'", quote_for_message(rest.substr(0, length)));
  }

  void skip_space() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') break;
      ++at_;
    }
  }

  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<void> parse_value(Json& out) {
    if (at_ >= text_.size())
      return fail(at_, "the text ends here", "a JSON value", "the file may be cut off");
    switch (text_[at_]) {
      case '{':
        return parse_object(out);
      case '[':
        return parse_array(out);
      case '"': {
        out = std::string();
        return parse_string(out.get_ref<std::string&>());
      }
      case 't':
        return parse_word("true", true, out);
      case 'f':
        return parse_word("false", false, out);
      case 'n':
        return parse_word("null", nullptr, out);
      default:
        return parse_number(out);
    }
  }

  Result<void> enter() {
    if (++depth_ > kDeepestNesting) {
      return fail(at_, fmt::format("nesting deeper than {} levels", kDeepestNesting),
                  "a flatter value");
    }
    return {};
  }

  struct Member {
    std::string key;
    Json value;
    std::size_t key_at;
  };

  Result<void> parse_object(Json& out) {
    ATTUNE_TRY_VOID(enter());
    const std::size_t opened_at = at_++;
    std::vector<Member> members;
    skip_space();
    if (!accept('}')) {
      while (true) {
        skip_space();
        const std::size_t key_at = at_;
        if (at_ >= text_.size() || text_[at_] != '"') return fail_at_key(opened_at);
        members.push_back({.key = {}, .value = {}, .key_at = key_at});
        Member& member = members.back();
        ATTUNE_TRY_VOID(parse_string(member.key));
        skip_space();
        if (!accept(':')) {
          return fail(
              at_, fmt::format("{} after key \"{}\"", describe(at_), quote_for_message(member.key)),
              "':'");
        }
        skip_space();
        ATTUNE_TRY_VOID(parse_value(member.value));
        skip_space();
        if (accept('}')) break;
        if (!accept(',')) return fail_after_item("'}'", opened_at, "object");
      }
    }
    ATTUNE_TRY_VOID(check_keys_differ(members));
    out = Json::object();
    auto& object = out.get_ref<Json::object_t&>();
    object.reserve(members.size());
    // The base class's emplace_back: the keys are known to differ, so no search through the object.
    for (Member& member : members)
      object.emplace_back(std::move(member.key), std::move(member.value));
    --depth_;
    return {};
  }

  Result<void> check_keys_differ(const std::vector<Member>& members) const {
    constexpr std::size_t kFew = 16;  // below, comparing each with each is cheaper than sorting
    const Member* repeated = nullptr;
    if (members.size() <= kFew) {
      for (std::size_t i = 1; i < members.size() && repeated == nullptr; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (members[i].key == members[j].key) repeated = &members[i];
        }
      }
    } else {
      std::vector<std::pair<std::size_t, const Member*>>
          order;  // hash first: most comparisons end there
      order.reserve(members.size());
      for (const Member& member : members)
        order.emplace_back(std::hash<std::string>()(member.key), &member);
      std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first
                                  : std::tie(a.second->key, a.second->key_at) <
                                        std::tie(b.second->key, b.second->key_at);
      });
      for (std::size_t i = 1; i < order.size(); ++i) {
        if (order[i].second->key != order[i - 1].second->key) continue;
        if (repeated == nullptr || order[i].second->key_at < repeated->key_at)
          repeated = order[i].second;
      }
    }
    if (repeated == nullptr) return {};
    return fail(
        repeated->key_at,
        fmt::format("key \"{}\" appears twice in one object", quote_for_message(repeated->key)),
        "each key once", "parsers disagree on which value wins: remove one");
  }

  Result<void> parse_array(Json& out) {
    ATTUNE_TRY_VOID(enter());
    const std::size_t opened_at = at_++;
    out = Json::array();
    auto& items = out.get_ref<Json::array_t&>();
    skip_space();
    if (!accept(']')) {
      while (true) {
        skip_space();
        if (at_ < text_.size() && text_[at_] == ']') {
          return fail(at_, "a comma before ']'", "a value after the comma", "remove the comma");
        }
        items.emplace_back();
        ATTUNE_TRY_VOID(parse_value(items.back()));
        skip_space();
        if (accept(']')) break;
        if (!accept(',')) return fail_after_item("']'", opened_at, "array");
      }
    }
    --depth_;
    return {};
  }

  Failure fail_at_key(std::size_t opened_at) const {
    if (at_ >= text_.size()) return fail_after_item("'}'", opened_at, "object");
    if (text_[at_] == '}')
      return fail(at_, "a comma before '}'", "a key after the comma", "remove the comma");
    if (text_[at_] == '\'') {
      return fail(at_, "a key in single quotes", "a key in double quotes",
                  "this looks like Python's notation; write JSON");
    }
    return fail(at_, describe(at_), "a key in double quotes");
  }

  Failure fail_after_item(std::string_view closer, std::size_t opened_at,
                          std::string_view kind) const {
    if (at_ >= text_.size()) {
      const TextPlace opened = place_of(text_, opened_at, first_line_);
      return fail(at_,
                  fmt::format("the text ends inside the {} that opened at {}:{}", kind, opened.line,
                              opened.column),
                  fmt::format("',' or {}", closer), "the file may be cut off");
    }
    return fail(at_, fmt::format("{} after a value", describe(at_)),
                fmt::format("',' or {}", closer));
  }

  template <typename Value>
  Result<void> parse_word(std::string_view word, Value value, Json& out) {
    if (!text_.substr(at_).starts_with(word)) return fail_unknown_value();
    at_ += word.size();
    out = value;
    return {};
  }

  Failure fail_unknown_value() const {
    for (const std::string_view word :
         {"NaN", "Infinity", "-Infinity", "None", "True", "False", "undefined"}) {
      if (text_.substr(at_).starts_with(word)) {
        return fail(at_, fmt::format("{} is not JSON", word), "a JSON value",
                    "write null, true, false, or a finite number");
      }
    }
    const bool single_quote = at_ < text_.size() && text_[at_] == '\'';
    return fail(at_, describe(at_), "a JSON value",
                single_quote ? "write strings in double quotes" : "");
  }

  bool at_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }

  void skip_digits() {
    while (at_digit()) ++at_;
  }

  Result<void> parse_number(Json& out) {
    const std::size_t start = at_;
    const bool negative = accept('-');
    if (!at_digit()) {
      at_ = start;
      return fail_unknown_value();
    }
    if (accept('0')) {
      if (at_digit())
        return fail(start, "a number that begins with 0", "a number without leading zeros");
    } else {
      skip_digits();
    }
    bool integer = true;
    if (accept('.')) {
      integer = false;
      if (!at_digit()) return fail(at_, "a number that ends in '.'", "a digit after the point");
      skip_digits();
    }
    if (accept('e') || accept('E')) {
      integer = false;
      if (!accept('+')) accept('-');
      if (!at_digit()) return fail(at_, "a number without its exponent", "digits after 'e'");
      skip_digits();
    }
    const std::string_view digits = text_.substr(start, at_ - start);
    if (integer && convert_integer(digits, negative, out)) return {};
    return convert_real(digits, start, out);
  }

  // False when the number needs more than 64 bits; it then becomes a double, as in other parsers.
  static bool convert_integer(std::string_view digits, bool negative, Json& out) {
    const char* const end = digits.data() + digits.size();
    if (negative) {
      std::int64_t value = 0;
      if (std::from_chars(digits.data(), end, value).ec != std::errc()) return false;
      out = value;
      return true;
    }
    std::uint64_t value = 0;
    if (std::from_chars(digits.data(), end, value).ec != std::errc()) return false;
    out = value;
    return true;
  }

  Result<void> convert_real(std::string_view digits, std::size_t start, Json& out) const {
    double value = 0.0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec == std::errc::result_out_of_range) {
      // Either too large (an error) or too small (the nearest double is a subnormal or zero);
      // strtod tells which.
      value = std::strtod(std::string(digits).c_str(), nullptr);
      if (value > 1.0 || value < -1.0) {
        return fail(start, fmt::format("the number {} is too large", quote_for_message(digits, 24)),
                    "a number below 1.8e308");
      }
    }
    out = value;
    return {};
  }

  Result<void> parse_string(std::string& out) {
    const std::size_t opened_at = at_++;
    while (true) {
      const std::size_t plain = at_;
      while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
      out.append(text_.substr(plain, at_ - plain));
      if (at_ >= text_.size()) {
        return fail(opened_at, "a string that opens here and never closes", "'\"' at its end",
                    "the file may be cut off");
      }
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (c == '\\') {
        ATTUNE_TRY_VOID(parse_escape(out));
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return fail_control_character(opened_at);
      } else {
        const std::size_t length = utf8_sequence_length(text_.substr(at_));
        if (length == 0) return check_utf8_here();
        out.append(text_.substr(at_, length));
        at_ += length;
      }
    }
  }

  static bool is_plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
  }

  Result<void> check_utf8_here() const {
    // The whole text is checked, so that the place counts from its beginning; what precedes at_ is
    // known to be good.
    return check_utf8(text_, where_, first_line_);
  }

  Failure fail_control_character(std::size_t opened_at) const {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte == '\n' || byte == '\r') {
      const TextPlace opened = place_of(text_, opened_at, first_line_);
      return fail(at_,
                  fmt::format("a raw line break inside the string that opened at {}:{}",
                              opened.line, opened.column),
                  "'\"' or the escape \\n", "close the string, or write a line break as \\n");
    }
    return fail(at_, fmt::format("the control character 0x{:02X} inside a string", byte),
                fmt::format("the escape \\u{:04x}", byte));
  }

  Result<void> parse_escape(std::string& out) {
    const std::size_t start = at_++;
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    ++at_;
    switch (c) {
      case '"':
        out.push_back('"');
        return {};
      case '\\':
        out.push_back('\\');
        return {};
      case '/':
        out.push_back('/');
        return {};
      case 'b':
        out.push_back('\b');
        return {};
      case 'f':
        out.push_back('\f');
        return {};
      case 'n':
        out.push_back('\n');
        return {};
      case 'r':
        out.push_back('\r');
        return {};
      case 't':
        out.push_back('\t');
        return {};
      case 'u':
        return parse_code_point(start, out);
      default:
        return fail(start, fmt::format("an unknown escape, \\ before {}", describe(start + 1)),
                    "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
                    "write a backslash as \\\\");
    }
  }

  std::optional<char32_t> four_hex_digits() {
    if (text_.size() - at_ < 4) return std::nullopt;
    unsigned value = 0;
    const char* const begin = text_.data() + at_;
    const auto result = std::from_chars(begin, begin + 4, value, 16);
    if (result.ec != std::errc() || result.ptr != begin + 4) return std::nullopt;
    at_ += 4;
    return value;
  }

  Result<void> parse_code_point(std::size_t start, std::string& out) {
    const std::optional<char32_t> first = four_hex_digits();
    if (!first) return fail(start, "an incomplete \\u escape", "four hexadecimal digits after \\u");
    char32_t code_point = *first;
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
      std::optional<char32_t> second;
      if (code_point < 0xDC00 && accept('\\') && accept('u')) second = four_hex_digits();
      if (!second || *second < 0xDC00 || *second > 0xDFFF) {
        return fail(
            start,
            fmt::format("\\u{:04x} is half of a surrogate pair", static_cast<unsigned>(code_point)),
            "both halves, or the character itself in UTF-8");
      }
      code_point = 0x10000u + ((code_point - 0xD800u) << 10) + (*second - 0xDC00u);
    }
    append_utf8(out, code_point);
    return {};
  }

  std::string_view text_;
  std::string_view where_;
  std::int64_t first_line_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view where, std::int64_t first_line) {
  return JsonParser(text, where, first_line).parse_document();
}

Result<Json> read_json(const std::filesystem::path& path) {
  ATTUNE_TRY(const std::string text, read_file(path));
  return parse_json(text, path.string());
}

std::string to_text(const Json& value) {
  // replace: a string that is not UTF-8 is written with U+FFFD, never thrown over a layer border.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_pretty_text(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace attune
