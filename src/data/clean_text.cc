#include "data/clean_text.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <utf8proc.h>

#include "base/ascii.h"
#include "data/text_repairs.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

constexpr std::string_view kSpace = " \t\n\r\f\v";

// All bytes in one, which compilers do a vector at a time.
bool is_ascii(std::string_view text) {
  unsigned char any = 0;
  for (const char c : text) any = static_cast<unsigned char>(any | static_cast<unsigned char>(c));
  return any < 0x80;
}

// Text that is not UTF-8 comes back as it is; it never gets this far.
std::string map_unicode(std::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                             static_cast<utf8proc_option_t>(options));
  if (size < 0) return std::string(text);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size)};
}

std::string without(std::string_view text, std::string_view part) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t next = text.find(part, at);
    out.append(text.substr(at, next - at));
    if (next == std::string_view::npos) return out;
    at = next + part.size();
  }
}

std::string with_line_feeds(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out.push_back(text[i]);
    } else if (i + 1 >= text.size() || text[i + 1] != '\n') {
      out.push_back('\n');
    }
  }
  return out;
}

std::string without_outer_space(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kSpace);
  text = last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
  // Leading empty lines: up to the line on which the text begins, whose indentation may matter
  // (code).
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first != std::string_view::npos && first > 0) {
    const std::size_t line_end = text.substr(0, first).find_last_of('\n');
    if (line_end != std::string_view::npos) text.remove_prefix(line_end + 1);
  }
  if (text.size() > 1 && text[0] == ' ' && kSpace.find(text[1]) == std::string_view::npos)
    text.remove_prefix(1);
  return std::string(text);
}

// Zero-width space, direction marks and overrides, word joiner. The zero-width joiners are left
// out: emoji and several scripts need them.
bool is_invisible(utf8proc_int32_t c) {
  return c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || c == 0x2060 ||
         (c >= 0x2066 && c <= 0x2069);
}

bool has_invisible(std::string_view text) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(at, left, &c);
    if (used <= 0) return false;
    if (is_invisible(c)) return true;
    at += used;
    left -= used;
  }
  return false;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
  });
}

}  // namespace

namespace {

// One pass over the rules; true when it changed the text.
bool clean_once(CleanText& clean, const NormaliserSet& set) {
  const std::size_t before = clean.changes.size();
  clean.warnings.clear();
  const auto apply = [&](Normaliser rule, auto repair) {
    if (!set.has(rule)) return;
    std::string changed = repair(clean.text);
    if (changed == clean.text) return;
    clean.text = std::move(changed);
    clean.changes.emplace_back(normaliser_name(rule));
  };
  const auto composed = [](int options) {
    return [options](const std::string& text) { return map_unicode(text, options); };
  };
  using enum Normaliser;
  apply(byte_order_mark, [](const auto& text) { return without(text, kUtf8ByteOrderMark); });
  apply(nul_bytes, [](const auto& text) { return without(text, std::string_view("\0", 1)); });
  apply(line_endings, with_line_feeds);
  if (!is_ascii(clean.text)) apply(mojibake, repair_mojibake);
  apply(html_tags, without_html_tags);
  apply(html_entities, without_html_entities);
  if (!is_ascii(clean.text)) {
    apply(unicode_nfc, composed(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    apply(unicode_nfkc, composed(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT));
    apply(no_break_spaces, with_plain_spaces);
    apply(smart_quotes, with_plain_quotes);
    apply(dashes, with_plain_dashes);
    apply(invisible_characters, remove_invisible);
    if (has_invisible(clean.text)) clean.warnings.emplace_back("invisible_characters");
  }
  apply(control_characters, remove_control);
  apply(trailing_spaces, without_trailing_spaces);
  apply(outer_space, without_outer_space);
  if (has_control(clean.text)) clean.warnings.emplace_back("control_characters");
  return clean.changes.size() > before;
}

}  // namespace

CleanText clean_text(std::string_view original, const NormaliserSet& set) {
  CleanText clean{.text = std::string(original), .changes = {}, .warnings = {}};
  // One repair may uncover another: an entity may be half of a mojibake.
  while (clean_once(clean, set)) {
  }
  std::vector<std::string> rules;
  for (std::string& rule : clean.changes) {
    if (std::find(rules.begin(), rules.end(), rule) == rules.end())
      rules.push_back(std::move(rule));
  }
  clean.changes = std::move(rules);
  return clean;
}

std::string comparison_key(std::string_view text) {
  // Of ASCII, folding changes the case of letters alone.
  const std::string folded =
      is_ascii(text) ? ascii_lower(text)
                     : map_unicode(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                             UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  std::string key;
  key.reserve(folded.size());
  for (const char c : folded) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space) {
      key.push_back(c);
    } else if (!key.empty() && key.back() != ' ') {
      key.push_back(' ');
    }
  }
  if (!key.empty() && key.back() == ' ') key.pop_back();
  return key;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kSpace) == std::string_view::npos;
}

}  // namespace attune::data
