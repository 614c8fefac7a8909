// Whether an answer keeps to its output format, at four levels of patience.
//
//   strict   the whole answer, white space around it aside, parses and validates
//   fenced   the same, or it is one ``` fence pair around such a text
//   extract  a part of the answer that parses in the format validates (one of the first eight); an
//            upper bound: the difference to strict is chatter
//   field    the share of the required fields that are present and valid (nothing where the format
//            requires no field)
//
// strict implies fenced, fenced implies extract.
//
//   const Format format = JsonFormat{schema};
//   FormatLevels levels = check_format(format, answer);
//   totals.add(levels);
//
// Work on one answer is bounded: by its size, by the step limits of schema and pattern, and by time
// between the levels. An answer that runs into a bound fails the levels that were not reached, and
// says so in over_budget.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "grammar/json_schema.h"
#include "grammar/regex.h"

namespace attune::metrics {

struct JsonFormat {
  grammar::JsonSchema schema;
};

// The whole text matches an ECMA-262 pattern; extract: some part of it does.
class RegexFormat {
 public:
  static Result<RegexFormat> compile(std::string_view pattern);
  const grammar::Regex& whole() const { return whole_; }
  const grammar::Regex& anywhere() const { return anywhere_; }

 private:
  RegexFormat(grammar::Regex whole, grammar::Regex anywhere)
      : whole_(std::move(whole)), anywhere_(std::move(anywhere)) {}
  grammar::Regex whole_;
  grammar::Regex anywhere_;
};

// One well-formed XML element (a declaration and comments around it are allowed, a document type is
// not).
struct XmlFormat {
  std::string root = {};              // "" allows any
  std::vector<std::string> required;  // paths below the root: "item", "customer/name"
};

// RFC 4180 with a header; every record as wide as the header.
struct CsvFormat {
  std::vector<std::string> columns;  // the header, in order; empty allows any
  std::int64_t least_rows = 0;
  char delimiter = ',';
};

// One Markdown table: header, delimiter row, rows of the same width.
struct MarkdownTableFormat {
  std::vector<std::string> columns;  // in order; empty allows any
  std::int64_t least_rows = 0;
};

// Headings that each stand on a line of their own, once, in this order, with text below each;
// nothing stands before the first.
struct SectionsFormat {
  std::vector<std::string> headings;  // as written: "## Summary"
};

using Format = std::variant<JsonFormat, RegexFormat, XmlFormat, CsvFormat, MarkdownTableFormat,
                            SectionsFormat>;

struct FormatBudget {
  std::size_t most_bytes = std::size_t{1} << 20;
  double most_seconds = 10;
};

struct FormatLevels {
  bool strict = false;
  bool fenced = false;
  bool extract = false;
  std::optional<double> field;
  bool over_budget = false;
  std::string problem;  // why it is not strict
};

FormatLevels check_format(const Format& format, std::string_view answer,
                          const FormatBudget& budget = {});

// Sums over many answers; the rates' intervals are stats::wilson's.
struct FormatTotals {
  std::int64_t answers = 0;
  std::int64_t strict = 0;
  std::int64_t fenced = 0;
  std::int64_t extract = 0;
  std::int64_t over_budget = 0;
  std::int64_t with_fields = 0;  // answers for which `field` is defined
  double field_sum = 0;

  void add(const FormatLevels& levels);
  // Share of answers that are good but for what stands around them; nothing without answers.
  std::optional<double> chatter() const;
};

// The text inside one ``` fence pair that is the whole of `text`, or nothing.
std::optional<std::string_view> unfenced(std::string_view text);

}  // namespace attune::metrics
