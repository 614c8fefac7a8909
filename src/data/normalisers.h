// The repairs that preparation makes, each with a name and a switch. Every change that one makes is
// a finding under its name, and so counted.
//
//   ATTUNE_TRY(const NormaliserSet set, NormaliserSet::parse("smart_quotes,no-unicode_nfc"));
#pragma once

#include <bitset>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"

namespace attune::data {

// Of texts first, in the order in which they are applied; then of messages.
enum class Normaliser {
  byte_order_mark,
  nul_bytes,
  line_endings,
  mojibake,
  html_tags,
  html_entities,
  unicode_nfc,
  unicode_nfkc,
  no_break_spaces,
  smart_quotes,
  dashes,
  invisible_characters,
  control_characters,
  trailing_spaces,
  outer_space,
  role_alias,
  legacy_functions,
  tool_arguments,
  merge_turns,
  code_fences,
  json_answers,
};
inline constexpr std::size_t kNormalisers = 21;

struct NormaliserEntry {
  Normaliser rule;
  std::string_view name;
  bool usual;             // on unless it is switched off
  std::string_view done;  // what a finding says: "line breaks became LF"
};

std::span<const NormaliserEntry> normaliser_entries();
std::string_view normaliser_name(Normaliser rule);

class NormaliserSet {
 public:
  NormaliserSet();  // the usual ones
  static NormaliserSet none();

  // Changes to the usual set: "name" switches on, "no-name" off, "none" all off, "all" all on;
  // between commas, from left to right. An error lists the names.
  static Result<NormaliserSet> parse(std::string_view text);

  bool has(Normaliser rule) const { return set_[static_cast<std::size_t>(rule)]; }
  NormaliserSet& set(Normaliser rule, bool on);

 private:
  std::bitset<kNormalisers> set_;
};

}  // namespace attune::data
