#include "data/normalisers.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/trim.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

constexpr NormaliserEntry kEntries[kNormalisers] = {
    {Normaliser::byte_order_mark, "byte_order_mark", true, "a byte order mark was removed"},
    {Normaliser::nul_bytes, "nul_bytes", true, "NUL bytes were removed"},
    {Normaliser::line_endings, "line_endings", true, "line breaks became LF"},
    {Normaliser::mojibake, "mojibake", false,
     "UTF-8 that had been read as Windows-1252 was read as UTF-8"},
    {Normaliser::html_tags, "html_tags", false, "HTML tags were removed"},
    {Normaliser::html_entities, "html_entities", false, "HTML entities became characters"},
    {Normaliser::unicode_nfc, "unicode_nfc", true, "characters were composed (Unicode NFC)"},
    {Normaliser::unicode_nfkc, "unicode_nfkc", false,
     "characters were composed to their plain forms (Unicode NFKC)"},
    {Normaliser::no_break_spaces, "no_break_spaces", false, "no-break spaces became spaces"},
    {Normaliser::smart_quotes, "smart_quotes", false, "typographic quotes became plain ones"},
    {Normaliser::dashes, "dashes", false, "dashes and minus signs became hyphens"},
    {Normaliser::invisible_characters, "invisible_characters", false,
     "zero-width and direction characters were removed"},
    {Normaliser::control_characters, "control_characters", false,
     "control characters were removed"},
    {Normaliser::trailing_spaces, "trailing_spaces", false,
     "white space at the ends of lines was removed"},
    {Normaliser::outer_space, "outer_space", true, "white space around the text was removed"},
    {Normaliser::role_alias, "role_alias", true, ""},
    {Normaliser::legacy_functions, "legacy_functions", true, ""},
    {Normaliser::tool_arguments, "tool_arguments", true, ""},
    {Normaliser::merge_turns, "merge_turns", false, ""},
    {Normaliser::code_fences, "code_fences", false, "the code fence around the answer was removed"},
    {Normaliser::json_answers, "json_answers", false, "the JSON answer was written compactly"},
};

}  // namespace

std::span<const NormaliserEntry> normaliser_entries() { return kEntries; }

std::string_view normaliser_name(Normaliser rule) {
  return kEntries[static_cast<std::size_t>(rule)].name;
}

NormaliserSet::NormaliserSet() {
  for (const NormaliserEntry& entry : kEntries) set(entry.rule, entry.usual);
}

NormaliserSet NormaliserSet::none() {
  NormaliserSet empty;
  empty.set_.reset();
  return empty;
}

NormaliserSet& NormaliserSet::set(Normaliser rule, bool on) {
  set_[static_cast<std::size_t>(rule)] = on;
  return *this;
}

Result<NormaliserSet> NormaliserSet::parse(std::string_view text) {
  NormaliserSet result;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view name = trim(text.substr(0, comma));
    const bool on = !name.starts_with("no-");
    if (!on) name.remove_prefix(3);
    const auto entry =
        std::find_if(std::begin(kEntries), std::end(kEntries),
                     [&](const NormaliserEntry& known) { return known.name == name; });
    if (on && (name == "none" || name == "all")) {
      result.set_.reset();
      if (name == "all") result.set_.set();
    } else if (entry != std::end(kEntries)) {
      result.set(entry->rule, on);
    } else if (!name.empty()) {
      std::string names;
      for (const NormaliserEntry& known : kEntries)
        names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
      return bad_input({.where = "--normalise",
                        .found = fmt::format("\"{}\"", quote_for_message(name)),
                        .wanted = fmt::format("all, none, or one of {}", names),
                        .fix = "write no- before a name to switch it off"});
    }
    if (comma == std::string_view::npos) return result;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace attune::data
