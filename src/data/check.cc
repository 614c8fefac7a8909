#include "data/check.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "data/check_encoding.h"
#include "data/check_row.h"
#include "data/check_rows.h"
#include "data/clean_text.h"
#include "data/dataset_info.h"
#include "data/raw_rows.h"
#include "data/training_text.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

// Runs every check over the rows of one file.
class FileCheck {
 public:
  FileCheck(const std::string& source, const CheckOptions& options, Mapping mapping)
      : options_(options), rows_(options, std::move(mapping)) {
    report_.source = source;
  }

  Result<CheckReport> run(std::string_view text) && {
    text = without_byte_order_mark(text);
    std::string repaired;
    if (!is_utf8(text)) {
      repaired = read_as_utf8(text, report_.source, report_.findings);
      text = repaired;
    }
    const std::optional<bool> jsonl = json_is_meant(text, report_.source, options_.read.format);
    if (jsonl) {
      ATTUNE_TRY_VOID(check_json(text, *jsonl));
    } else {
      ATTUNE_TRY_VOID(check_table(text));
    }
    finish();
    return std::move(report_);
  }

 private:
  std::string_view without_byte_order_mark(std::string_view text) {
    if (!text.starts_with(kUtf8ByteOrderMark)) return text;
    report_.findings.push_back(file_finding("D002", Severity::info, report_.source,
                                            {.line = 1, .column = 1},
                                            {.found = "a byte order mark",
                                             .wanted = "UTF-8 without one",
                                             .fix = "--fix removes it; it is skipped in reading"}));
    return text.substr(kUtf8ByteOrderMark.size());
  }

  // In steps that end before a character, so that the pass can be told of.
  bool is_utf8(std::string_view text) const {
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = std::min(at + kStep, text.size());
      for (int back = 0; back < 3 && end < text.size() && is_continuation(text[end]); ++back) --end;
      if (find_invalid_utf8(text.substr(at, end - at)) != std::string_view::npos) return false;
      at = end;
      if (options_.passed) options_.passed("reading", at);
    }
    return true;
  }

  static bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

  Result<void> check_json(std::string_view text, bool jsonl_meant) {
    JsonRows rows(text, report_.source, jsonl_meant, report_.findings);
    ATTUNE_TRY_VOID(rows.open());
    report_.format = rows.format();
    report_.evidence.push_back(rows.evidence());
    CheckedRow row;
    std::size_t told = 0;
    while (rows.next(row)) {
      rows_.check(row, report_.findings);
      bound_findings();
      if (!options_.passed || rows.position() < told + kStep) continue;
      told = rows.position();
      options_.passed("checking", told);
    }
    report_.rows = rows.rows();
    return {};
  }

  Result<void> check_table(std::string_view text) {
    ReadOptions read = options_.read;
    read.map.clear();
    Result<RawRows> all = read_raw_rows(text, report_.source, read);
    if (!all) {
      const TextPlace place = place_from(all.error().where);
      if (place.line == 0) return Failure(std::move(all).error());
      report_.findings.push_back(
          file_finding("D003", Severity::error, report_.source, place,
                       {all.error().found, all.error().wanted, all.error().fix}));
      report_.format = "CSV";
      return {};
    }
    RawRows raw = std::move(*all);
    report_.format = raw.format;
    report_.evidence = std::move(raw.evidence);
    report_.rows = raw.rows_read;
    for (const Finding& broken : raw.findings) {
      Finding finding =
          file_finding("D003", Severity::error, report_.source, place_from(broken.where),
                       {broken.found, broken.wanted, broken.fix});
      finding.row = broken.row;
      report_.findings.push_back(std::move(finding));
    }
    JsonTree tree;
    for (const RawRow& record : raw.rows) {
      const std::string columns = to_text(record.columns);
      if (tree.parse(columns)) continue;
      const std::string name = fmt::format("row {}", record.number);
      CheckedRow row{.source = report_.source,
                     .text = columns,
                     .line = record.line,
                     .column = 1,
                     .is_table = true,
                     .value = tree.root(),
                     .id = row_id(tree.root(), "id", name)};
      rows_.check(row, report_.findings);
    }
    return {};
  }

  // Line and column of "file:line[:column]".
  static TextPlace place_from(std::string_view where) {
    std::vector<std::int64_t> numbers;
    while (numbers.size() < 2) {
      const std::size_t colon = where.rfind(':');
      if (colon == std::string_view::npos || colon + 1 == where.size()) break;
      const std::string_view digits = where.substr(colon + 1);
      if (digits.find_first_not_of("0123456789") != std::string_view::npos || digits.size() > 15)
        break;
      numbers.push_back(std::stoll(std::string(digits)));
      where = where.substr(0, colon);
    }
    if (numbers.empty()) return {.line = 0, .column = 0};
    return {.line = numbers.back(), .column = numbers.size() == 2 ? numbers.front() : 1};
  }

  // Counts the new findings, and takes out those of which there are enough.
  void bound_findings() {
    const auto enough = [&](const Finding& finding) {
      std::int64_t& seen = seen_[{finding.code, finding.severity}];
      if (++seen <= CheckReport::kMostKept) return false;
      auto kind =
          std::find_if(report_.more.begin(), report_.more.end(), [&](const MoreFindings& known) {
            return known.code == finding.code && known.severity == finding.severity;
          });
      if (kind == report_.more.end()) {
        report_.more.push_back({.code = finding.code, .severity = finding.severity, .count = 0});
        kind = report_.more.end() - 1;
      }
      ++kind->count;
      if (finding.severity == Severity::error && finding.row != last_wrong_) {
        last_wrong_ = finding.row;
        ++wrong_not_kept_;
      }
      return true;
    };
    const auto fresh = report_.findings.begin() + static_cast<std::ptrdiff_t>(bounded_);
    report_.findings.erase(std::remove_if(fresh, report_.findings.end(), enough),
                           report_.findings.end());
    bounded_ = report_.findings.size();
  }

  void finish() {
    rows_.finish(report_);
    std::unordered_set<std::string_view> wrong;
    for (const Finding& finding : report_.findings) {
      if (finding.severity == Severity::error && !finding.row.empty()) wrong.insert(finding.row);
    }
    report_.rows_with_errors = static_cast<std::int64_t>(wrong.size()) + wrong_not_kept_;
  }

  static constexpr std::size_t kStep = std::size_t{16} << 20;  // bytes

  const CheckOptions& options_;
  CheckReport report_;
  RowCheck rows_;
  std::map<std::pair<std::string, Severity>, std::int64_t> seen_;  // findings by kind
  std::size_t bounded_ = 0;  // findings that bound_findings() has seen
  std::string last_wrong_;   // the last row of which an error was not kept
  std::int64_t wrong_not_kept_ = 0;
};

}  // namespace

std::int64_t CheckReport::count(Severity severity) const {
  std::int64_t count = std::count_if(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.severity == severity;
  });
  for (const MoreFindings& kind : more) count += kind.severity == severity ? kind.count : 0;
  return count;
}

Result<CheckReport> check_text(std::string_view text, const std::string& source,
                               const CheckOptions& options) {
  ATTUNE_TRY_VOID(check_is_text(text, source));
  const std::string_view words =
      text.starts_with(kUtf8ByteOrderMark) ? text.substr(kUtf8ByteOrderMark.size()) : text;
  if (is_blank(words)) {
    return bad_input(
        {.where = source,
         .found = words.empty() ? "the file is empty" : "the file holds nothing but white space",
         .wanted = "training rows as CSV, JSON or JSONL",
         .fix = "check that the export worked"});
  }
  Mapping mapping = options.mapping;
  if (!options.read.map.empty()) {
    ATTUNE_TRY(mapping, Mapping::parse(options.read.map));
  }
  return FileCheck(source, options, std::move(mapping)).run(text);
}

Result<Mapping> described_mapping(const Path& path, const ReadOptions& options) {
  if (!options.map.empty() || !options.row_format.empty()) return Mapping();
  ATTUNE_TRY(const std::optional<DatasetInfo> info, find_dataset_info(path, options.dataset));
  return info ? info->mapping : Mapping();
}

Result<CheckReport> check_file(const Path& path, CheckOptions options) {
  ATTUNE_TRY(const TrainingText text, TrainingText::open(path));
  ATTUNE_TRY(options.mapping, described_mapping(path, options.read));
  return check_training_text(text, options);
}

Result<CheckReport> check_training_text(const TrainingText& text, const CheckOptions& options) {
  ATTUNE_TRY(CheckReport report, check_text(text.text(), text.name(), options));
  if (text.is_workbook()) report.format = "XLSX";
  if (!text.evidence().empty()) report.evidence.insert(report.evidence.begin(), text.evidence());
  return report;
}

}  // namespace attune::data
