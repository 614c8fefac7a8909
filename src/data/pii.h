// Personal data and secrets in training texts: finding them by rules, showing them without giving
// them away, and replacing them by typed placeholders.
//
//   ATTUNE_TRY(PiiScanner scanner, PiiScanner::built_in());
//   for (const PiiMatch& match : scanner.scan(text)) ...   // match.rule->id, match.begin,
//   match.end
//
// A rule is a regular expression (PCRE2, Unicode) behind a prefilter (one of its keywords, or so
// many digits, must occur in the text) and in front of a test: a least Shannon entropy, and a
// checksum or structure. pii_rules.inc holds the built-in rules; a file of the same form adds to
// them, and a rule with a known id replaces it:
//
//   {"rules": [{"id": "staff-number", "description": "a staff number", "regex": "\\bSN-\\d{6}\\b",
//               "keywords": ["sn-"], "mask": "STAFF_NUMBER"}]}
//
// Members: id, regex (required; \\K in it begins the value), description, keywords (lower case),
// digits, digit_run, entropy (bits a character), check ("luhn", "iban", "jwt", "public_ip"), allow
// (regular expressions of values to pass), mask, severity ("error", the default, or "warning"). A
// scanner is immutable once built and used from any number of threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "base/result.h"
#include "data/keyword_filter.h"
#include "data/report.h"
#include "io/json.h"

namespace attune::data {

enum class PiiTest { none, luhn, iban, jwt, public_ip };

struct PiiRule {
  std::string id;
  std::string description;
  std::vector<std::string> keywords;  // lower case; empty: none needed
  std::int64_t digits = 0;            // that the text must hold
  std::int64_t digit_run = 0;         // of these so many in a row, single marks between them
  double entropy = 0;
  PiiTest test = PiiTest::none;
  std::string mask;  // "EMAIL": placeholders are <EMAIL_1>, <EMAIL_2>, ...
  Severity severity = Severity::error;
  Pattern pattern;
  std::vector<Pattern> allow;
};

struct PiiMatch {
  const PiiRule* rule = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// What is done about matches: told by the severity of their rules; told as errors; replaced by
// placeholders; their rows left out; nothing, and they are not looked for.
enum class PiiPolicy { report, fail, mask, drop, allow };
std::optional<PiiPolicy> pii_policy_from_name(std::string_view name);  // report, fail, ...

class PiiScanner {
 public:
  static Result<PiiScanner> built_in();
  // `where` names the file in errors.
  Result<void> add_rules(const Json& document, std::string_view where);

  // In the order of the text, which is UTF-8; where two overlap, that of the rule that stands
  // first.
  std::vector<PiiMatch> scan(std::string_view text) const;

  const std::vector<PiiRule>& rules() const { return rules_; }

 private:
  struct Keyword {
    std::string text;
    std::uint16_t rule = 0;
  };
  // What a text must hold for a rule, side by side for all rules.
  struct Needs {
    std::int64_t digits = 0;
    std::int64_t digit_run = 0;
    bool met_by(std::int64_t all, std::int64_t run) const {
      return all >= digits && run >= digit_run;
    }
  };
  void build_prefilter();
  // The rules of which a keyword occurs or that need none, in their order; how many digits there
  // are.
  std::vector<std::uint16_t> find_keywords(std::string_view text, std::int64_t& digits) const;
  void look_for_keywords(std::string_view rest, std::vector<std::uint16_t>& found) const;
  void match_rule(const PiiRule& rule, std::string_view text, std::size_t from, std::size_t to,
                  std::vector<PiiMatch>& matches) const;

  std::vector<PiiRule> rules_;
  std::vector<Needs> needs_;
  std::vector<Keyword> keywords_;
  // By the way in which a text goes on, three bytes by their classes (pii.cc): 0, or one more than
  // the place of the keywords that may begin so.
  static constexpr std::size_t kBeginnings = std::size_t{1} << 15;
  std::vector<std::uint16_t> may_begin_;
  std::vector<std::vector<std::uint16_t>> candidates_;  // numbers of keywords
  std::vector<std::uint16_t> without_keywords_;         // rules
  KeywordTables tables_;
  KeywordFilter filter_ = pick_keyword_filter();
};

// What a finding may show of a value: "AKIA...7Q (20 characters)".
std::string shown_in_part(std::string_view value);

// Shannon entropy in bits a byte.
double shannon_entropy(std::string_view value);
bool passes_luhn(std::string_view digits_and_separators);
bool passes_iban(std::string_view text);
bool is_json_web_token(std::string_view text);
bool is_public_ipv4(std::string_view text);

// Gives each value of one row its placeholder: the same value the same, wherever in the row.
class PiiMask {
 public:
  // `text` with every match replaced.
  std::string apply(std::string_view text, const std::vector<PiiMatch>& matches);

 private:
  std::map<std::string, std::string, std::less<>> placeholders_;
  std::map<std::string, int, std::less<>> counts_;
};

// True where a text holds a placeholder that a mask of `scanner` writes.
bool holds_placeholder(std::string_view text, const PiiScanner& scanner);

}  // namespace attune::data
