#include "metrics/xml_scan.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "metrics/text_parts.h"
#include "text/unicode.h"

namespace attune::metrics {

namespace {

constexpr std::size_t kDeepest = 512;
constexpr std::size_t kMostPaths = 10'000;
constexpr std::size_t kLongestPath = 4096;

bool is_name_start(char32_t code) {
  return code == '_' || code == ':' || text::is_letter(code) || (code >= 0x10000 && code < 0xF0000);
}

bool is_name_character(char32_t code) {
  return is_name_start(code) || code == '-' || code == '.' || text::is_number(code) ||
         code == 0xB7 || text::is_nonspacing_mark(code);
}

// A character that XML allows in a document.
bool is_allowed(char32_t code) {
  return code == 9 || code == 10 || code == 13 ||
         (code >= 0x20 && code != 0xFFFE && code != 0xFFFF);
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  XmlScan finish(bool ok) {
    scan_.ok = ok;
    scan_.end = at_;
    return std::move(scan_);
  }

  bool document() {
    if (looking_at("<?xml") && at_ + 5 < text_.size() && is_ascii_space(text_[at_ + 5])) {
      if (!past("?>", "a declaration")) return false;
    }
    if (!between_elements()) return false;
    if (at_ >= text_.size() || text_[at_] != '<') return fail("no element");
    if (!element() || !between_elements()) return false;
    return at_ == text_.size() || fail("text after the outermost element");
  }

  // Not recursive: answers may nest as deep as they like.
  bool element() {
    std::vector<std::string> open;
    do {
      if (!inside_element(open)) return false;
    } while (!open.empty());
    return true;
  }

 private:
  bool fail(std::string_view what) {
    if (scan_.problem.empty()) scan_.problem = fmt::format("{} at byte {}", what, at_);
    return false;
  }
  bool looking_at(std::string_view mark) const { return text_.substr(at_).starts_with(mark); }
  void skip_space() {
    while (at_ < text_.size() && is_ascii_space(text_[at_])) ++at_;
  }

  // Goes behind the next `mark`.
  bool past(std::string_view mark, std::string_view what) {
    const std::size_t end = text_.find(mark, at_);
    if (end == std::string_view::npos) return fail(fmt::format("{} that does not end", what));
    at_ = end + mark.size();
    return true;
  }

  bool comment() {
    at_ += 4;
    const std::size_t dashes = text_.find("--", at_);
    if (dashes == std::string_view::npos) return fail("a comment that does not end");
    at_ = dashes;
    if (!looking_at("-->")) return fail("\"--\" inside a comment");
    at_ += 3;
    return true;
  }

  bool instruction() {
    at_ += 2;
    std::string target;
    if (!name(target)) return false;
    if (target == "xml") return fail("a declaration that is not at the beginning");
    return past("?>", "a processing instruction");
  }

  bool between_elements() {
    for (;;) {
      skip_space();
      if (looking_at("<!--")) {
        if (!comment()) return false;
      } else if (looking_at("<?")) {
        if (!instruction()) return false;
      } else if (looking_at("<!")) {
        return fail("a document type, which is not allowed");
      } else {
        return true;
      }
    }
  }

  bool name(std::string& out) {
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      const text::Character character = text::character_at(text_, at_);
      const bool fits = character.valid && (at_ == begin ? is_name_start(character.code)
                                                         : is_name_character(character.code));
      if (!fits) break;
      at_ += character.bytes;
    }
    out = text_.substr(begin, at_ - begin);
    return !out.empty() || fail("no name");
  }

  // "&amp;" and its like, or a character by its number.
  bool reference() {
    const std::size_t end = text_.find(';', at_);
    constexpr std::size_t kLongest = 12;
    if (end == std::string_view::npos || end - at_ > kLongest) return fail("a bare \"&\"");
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside.starts_with("#")) {
      const bool hexadecimal = inside.starts_with("#x");
      const std::string_view digits = inside.substr(hexadecimal ? 2 : 1);
      const std::string_view known = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
      if (digits.empty() || digits.find_first_not_of(known) != std::string_view::npos) {
        return fail("a character number that is none");
      }
      std::uint64_t code = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
      constexpr std::uint64_t kLastCharacter = 0x10FFFF;
      const bool surrogate = code >= 0xD800 && code < 0xE000;
      if (code > kLastCharacter || surrogate || !is_allowed(static_cast<char32_t>(code)))
        return fail("a character number that XML does not allow");
    } else if (inside != "amp" && inside != "lt" && inside != "gt" && inside != "quot" &&
               inside != "apos") {
      return fail("an entity that XML does not know");
    }
    at_ = end + 1;
    return true;
  }

  bool character() {
    const text::Character one = text::character_at(text_, at_);
    if (!one.valid || !is_allowed(one.code)) return fail("a character that XML does not allow");
    at_ += one.bytes;
    return true;
  }

  bool attribute(std::set<std::string>& names) {
    std::string attribute_name;
    if (!name(attribute_name)) return false;
    if (!names.insert(attribute_name).second)
      return fail(fmt::format("the attribute {} twice", attribute_name));
    skip_space();
    if (!looking_at("=")) return fail("an attribute without \"=\"");
    ++at_;
    skip_space();
    if (!looking_at("\"") && !looking_at("'")) return fail("an attribute value without quotes");
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '<') return fail("\"<\" in an attribute value");
      if (!(text_[at_] == '&' ? reference() : character())) return false;
    }
    if (at_ >= text_.size()) return fail("an attribute value that does not end");
    ++at_;
    return true;
  }

  bool start_tag(std::vector<std::string>& open) {
    ++at_;
    std::string tag;
    if (!name(tag)) return false;
    if (open.size() == kDeepest) return fail("elements nested too deep");
    if (open.empty()) scan_.root = tag;
    const std::string path = open.empty() ? tag : open.back() + "/" + tag;
    if (path.size() > kLongestPath) return fail("names that are too long");
    if (scan_.paths.size() < kMostPaths) scan_.paths.insert(path);
    std::set<std::string> attributes;
    for (;;) {
      const bool space = at_ < text_.size() && is_ascii_space(text_[at_]);
      skip_space();
      if (looking_at("/>")) {
        at_ += 2;
        return true;
      }
      if (looking_at(">")) {
        ++at_;
        open.push_back(path);
        return true;
      }
      if (at_ >= text_.size()) return fail("a tag that does not end");
      if (!space) return fail("no space before an attribute");
      if (!attribute(attributes)) return false;
    }
  }

  bool end_tag(std::vector<std::string>& open) {
    at_ += 2;
    std::string tag;
    if (!name(tag)) return false;
    const std::size_t slash = open.back().rfind('/');
    const std::string expected =
        slash == std::string::npos ? open.back() : open.back().substr(slash + 1);
    if (tag != expected) return fail(fmt::format("</{}> where </{}> was to come", tag, expected));
    skip_space();
    if (!looking_at(">")) return fail("a closing tag that does not end");
    ++at_;
    open.pop_back();
    return true;
  }

  // The next tag, comment or stretch of text; `open` are the paths of the elements around it.
  bool inside_element(std::vector<std::string>& open) {
    if (at_ >= text_.size()) return fail("an element that is not closed");
    if (looking_at("<!--")) return comment();
    if (looking_at("<![CDATA[")) return past("]]>", "a CDATA section");
    if (looking_at("<?")) return instruction();
    if (looking_at("</")) return open.empty() ? fail("a closing tag") : end_tag(open);
    if (looking_at("<")) return start_tag(open);
    if (looking_at("&")) return reference();
    if (looking_at("]]>")) return fail("\"]]>\" in text");
    return character();
  }

  std::string_view text_;
  std::size_t at_;
  XmlScan scan_;
};

}  // namespace

XmlScan scan_xml_document(std::string_view text) {
  Scanner scanner(text, 0);
  const bool ok = scanner.document();
  return scanner.finish(ok);
}

XmlScan scan_xml_element(std::string_view text, std::size_t begin) {
  Scanner scanner(text, begin);
  const bool ok = scanner.element();
  return scanner.finish(ok);
}

}  // namespace attune::metrics
