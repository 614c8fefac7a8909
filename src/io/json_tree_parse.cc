// The reading side of a JSON tree: recursive descent over one text, with faults that say what was
// found, what was wanted and how to mend it.
#include <algorithm>
#include <bit>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <fmt/format.h>

#include "io/json_tree.h"
#include "io/text_encoding.h"

namespace attune {

namespace {

constexpr int kDeepest = 512;

bool is_json_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// The first quote, backslash or control character at or behind `at`; sixteen bytes a step with what
// every x86-64 has.
std::size_t end_of_plain_characters(std::string_view text, std::size_t at) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i hits = _mm_or_si128(
        control, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
    if (mask != 0) return at + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  while (at < text.size() && text[at] != '"' && text[at] != '\\' &&
         static_cast<unsigned char>(text[at]) >= 0x20)
    ++at;
  return at;
}

}  // namespace

// Recursive descent over one text.
class JsonTreeParser {
 public:
  JsonTreeParser(JsonTree& tree, std::string_view text) : tree_(tree), text_(text) {
    tree_.text_ = text;
    tree_.nodes_.clear();
    tree_.decoded_.clear();
    tree_.duplicates_.clear();
  }

  bool value(int depth) {
    pass_space();
    if (at_ >= text_.size()) return fail(at_, "the text ends here", "a value", kCutOff);
    if (depth > kDeepest) return fail(at_, "nesting of more than 512 levels", "flatter JSON", "");
    switch (text_[at_]) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return word("true", JsonType::boolean);
      case 'f':
        return word("false", JsonType::boolean);
      case 'n':
        return word("null", JsonType::null);
      default:
        return text_[at_] == '-' || is_digit(text_[at_]) ? number() : no_value();
    }
  }

  void pass_space() {
    while (at_ < text_.size() && is_json_space(text_[at_])) ++at_;
  }
  std::size_t at() const { return at_; }
  void start_at(std::size_t offset) { at_ = offset; }
  std::optional<JsonFault> take_fault() { return std::move(fault_); }

  bool fail(std::size_t at, std::string found, std::string wanted, std::string_view fix) {
    if (!fault_) {
      fault_ = JsonFault{.at = at,
                         .found = std::move(found),
                         .wanted = std::move(wanted),
                         .fix = std::string(fix),
                         .cut_off = fix == kCutOff};
    }
    return false;
  }

 private:
  static constexpr std::string_view kCutOff =
      "the row may be cut off, or written over several lines";

  std::uint32_t open(JsonType type) {
    tree_.nodes_.emplace_back();
    tree_.nodes_.back().type = type;
    tree_.nodes_.back().begin = at_;
    return static_cast<std::uint32_t>(tree_.nodes_.size() - 1);
  }
  bool close(std::uint32_t index) {
    tree_.nodes_[index].end = at_;
    tree_.nodes_[index].after = static_cast<std::uint32_t>(tree_.nodes_.size());
    return true;
  }

  std::string here() const {
    if (at_ >= text_.size()) return "the end of the text";
    const std::size_t length = std::max<std::size_t>(utf8_sequence_length(text_.substr(at_)), 1);
    return fmt::format("'{}'", quote_for_message(text_.substr(at_, length)));
  }

  bool object(int depth) {
    const std::uint32_t self = open(JsonType::object);
    ++at_;
    pass_space();
    if (at_ < text_.size() && text_[at_] == '}') {
      ++at_;
      return close(self);
    }
    while (true) {
      pass_space();
      if (at_ >= text_.size() || text_[at_] != '"') return no_key();
      const auto key = static_cast<std::uint32_t>(tree_.nodes_.size());
      if (!string()) return false;
      tree_.nodes_[key].last = false;
      pass_space();
      if (at_ >= text_.size() || text_[at_] != ':')
        return fail(at_, here() + " behind a key", "':'",
                    at_ >= text_.size() ? kCutOff : std::string_view());
      ++at_;
      const auto child = static_cast<std::uint32_t>(tree_.nodes_.size());
      if (!value(depth + 1)) return false;
      ++tree_.nodes_[self].size;
      bool more = false;
      if (!more_children('}', more)) return false;
      if (!more) break;
      tree_.nodes_[child].last = false;
    }
    close(self);
    tree_.note_duplicate_keys(self);
    return true;
  }

  bool array(int depth) {
    const std::uint32_t self = open(JsonType::array);
    ++at_;
    pass_space();
    if (at_ < text_.size() && text_[at_] == ']') {
      ++at_;
      return close(self);
    }
    while (true) {
      const auto child = static_cast<std::uint32_t>(tree_.nodes_.size());
      if (!value(depth + 1)) return false;
      ++tree_.nodes_[self].size;
      bool more = false;
      if (!more_children(']', more)) return false;
      if (!more) return close(self);
      tree_.nodes_[child].last = false;
    }
  }

  // Behind a member or item: a comma, or the bracket that closes.
  bool more_children(char closing, bool& more) {
    pass_space();
    if (at_ < text_.size() && text_[at_] == closing) {
      ++at_;
      more = false;
      return true;
    }
    if (at_ >= text_.size() || text_[at_] != ',') {
      const std::string wanted = fmt::format("',' or '{}'", closing);
      if (at_ >= text_.size()) return fail(at_, "the text ends here", wanted, kCutOff);
      const bool quote = is_letter(text_[at_]) || text_[at_] == '"';
      return fail(
          at_, here(), wanted,
          quote ? R"(a comma is missing, or a quote inside a string is not written \")" : "");
    }
    const std::size_t comma = at_++;
    pass_space();
    if (at_ < text_.size() && text_[at_] == closing)
      return fail(comma, fmt::format("a comma before '{}'", closing),
                  "no comma behind the last one", "remove the comma");
    more = true;
    return true;
  }

  bool string() {
    const std::uint32_t self = open(JsonType::string);
    const std::size_t start = at_++;
    std::size_t from = at_;
    while (true) {
      at_ = end_of_plain_characters(text_, at_);
      if (at_ >= text_.size())
        return fail(start, "a string that begins here and never ends", "a closing '\"'", kCutOff);
      if (text_[at_] == '"') break;
      if (text_[at_] != '\\') return raw_control(start);
      JsonTree::Node& node = tree_.nodes_[self];
      if (!node.escaped) {
        node.escaped = true;
        node.decoded_at = tree_.decoded_.size();
      }
      tree_.decoded_.append(text_, from, at_ - from);
      if (!escape()) return false;
      from = at_;
    }
    JsonTree::Node& node = tree_.nodes_[self];
    if (node.escaped) {
      tree_.decoded_.append(text_, from, at_ - from);
      node.decoded_size = tree_.decoded_.size() - node.decoded_at;
    }
    ++at_;
    return close(self);
  }

  bool raw_control(std::size_t start) {
    const std::int64_t column = place_of(text_, start).column;
    const char c = text_[at_];
    if (c == '\n' || c == '\r')
      return fail(at_, fmt::format("a raw line break inside the string of column {}", column),
                  "\\n", "in JSONL every record is one line: write line breaks as \\n");
    return fail(at_,
                fmt::format("a raw control character (0x{:02X}) inside the string of column {}",
                            static_cast<unsigned char>(c), column),
                c == '\t' ? "\\t" : fmt::format("\\u{:04x}", static_cast<unsigned char>(c)),
                "write control characters as escapes");
  }

  std::optional<std::uint32_t> four_hex_digits(std::size_t at) const {
    if (at + 4 > text_.size()) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : text_.substr(at, 4)) {
      const auto digit = is_digit(c)            ? static_cast<std::uint32_t>(c - '0')
                         : c >= 'a' && c <= 'f' ? static_cast<std::uint32_t>(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? static_cast<std::uint32_t>(c - 'A' + 10)
                                                : 16u;
      if (digit == 16) return std::nullopt;
      value = value * 16 + digit;
    }
    return value;
  }

  bool escape() {
    const std::size_t start = at_;
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t known = kNames.find(c); c != '\0' && known != std::string_view::npos) {
      tree_.decoded_.push_back(kMeanings[known]);
      at_ += 2;
      return true;
    }
    const std::optional<std::uint32_t> unit = c == 'u' ? four_hex_digits(at_ + 2) : std::nullopt;
    if (!unit)
      return fail(start, "an escape that JSON does not know",
                  R"(\" \\ \/ \b \f \n \r \t or \uXXXX)", R"(write a backslash as \\)");
    at_ += 6;
    char32_t code_point = *unit;
    if (*unit >= 0xD800 && *unit < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
      const std::optional<std::uint32_t> low = four_hex_digits(at_ + 2);
      if (low && *low >= 0xDC00 && *low < 0xE000) {
        code_point = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
        at_ += 6;
      }
    }
    if (code_point >= 0xD800 && code_point < 0xE000)
      return fail(start, fmt::format("half of a surrogate pair, \\u{:04x}", *unit),
                  "both halves of a character", "the text was cut inside a character");
    append_utf8(tree_.decoded_, code_point);
    return true;
  }

  bool word(std::string_view expected, JsonType type) {
    const std::size_t end = at_ + expected.size();
    if (!text_.substr(at_).starts_with(expected) || (end < text_.size() && is_letter(text_[end])))
      return no_value();
    const std::uint32_t self = open(type);
    at_ = end;
    return close(self);
  }

  bool number() {
    const std::uint32_t self = open(JsonType::number);
    const auto digits = [&] {
      const std::size_t from = at_;
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
      return at_ > from;
    };
    const auto bad = [&] {
      return fail(at_, here() + " in a number", "a digit", "quote it if it is text");
    };
    if (text_[at_] == '-') {
      ++at_;
      if (text_.substr(at_).starts_with("Infinity")) return no_value();
    }
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    if (!digits()) return bad();
    const std::size_t first = tree_.nodes_[self].begin + (text_[tree_.nodes_[self].begin] == '-');
    if (zero && at_ - first > 1)
      return fail(first, "a number with a leading 0", "no leading 0", "quote it if it is a code");
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (!digits()) return bad();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!digits()) return bad();
    }
    return close(self);
  }

  std::string_view word_here() const {
    std::size_t end = at_;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    return text_.substr(at_, end - at_);
  }

  bool no_value() {
    const std::string_view name = word_here();
    if (text_[at_] == '\'')
      return fail(at_, "a string in single quotes", "double quotes",
                  "write it with json.dumps, not str()");
    if (name == "True" || name == "False" || name == "None")
      return fail(at_, fmt::format("Python's {}", name), "true, false or null",
                  "write it with json.dumps, not str()");
    if (name == "NaN" || name == "Infinity" || name == "nan" || name == "inf")
      return fail(at_, fmt::format("{}, which JSON does not have", name), "a number or null",
                  "write null");
    if (text_.substr(at_).starts_with("//") || text_.substr(at_).starts_with("/*") ||
        text_[at_] == '#')
      return fail(at_, "a comment", "JSON without comments", "remove it");
    if (!name.empty())
      return fail(at_, fmt::format("the word {}", quote_for_message(name)), "a value",
                  "put text in double quotes");
    return fail(at_, here(), "a value", "");
  }

  bool no_key() {
    if (at_ >= text_.size()) return fail(at_, "the text ends here", "a key", kCutOff);
    if (text_[at_] == '\'')
      return fail(at_, "a key in single quotes", "double quotes",
                  "write it with json.dumps, not str()");
    if (is_letter(text_[at_]))
      return fail(at_, fmt::format("the key {} without quotes", quote_for_message(word_here())),
                  "a key in double quotes", "quote it");
    return fail(at_, here(), "a key in double quotes", "");
  }

  JsonTree& tree_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<JsonFault> fault_;
};

std::optional<JsonFault> JsonTree::parse_next(std::string_view text, std::size_t from,
                                              std::size_t& end) {
  JsonTreeParser parser(*this, text);
  parser.start_at(from);
  const bool good = parser.value(1);
  end = parser.at();
  return good ? std::nullopt : parser.take_fault();
}

std::optional<JsonFault> JsonTree::parse(std::string_view text) {
  std::size_t end = 0;
  if (std::optional<JsonFault> fault = parse_next(text, 0, end)) return fault;
  while (end < text.size() && is_json_space(text[end])) ++end;
  if (end == text.size()) return std::nullopt;
  JsonFault fault{.at = end, .found = {}, .wanted = "the end of the row", .fix = {}};
  const bool another = text[end] == '{' || text[end] == '[';
  fault.found = another
                    ? "a second value on the same line"
                    : fmt::format("'{}' behind the value", quote_for_message(text.substr(end), 20));
  fault.fix = another ? "write one record a line" : "remove it";
  return fault;
}

}  // namespace attune
