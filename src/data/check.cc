#include "data/check.h"

#include <algorithm>
#include <exception>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/thread_pool.h"
#include "data/check_encoding.h"
#include "data/check_row.h"
#include "data/check_rows.h"
#include "data/clean_text.h"
#include "data/dataset_info.h"
#include "data/finding_bound.h"
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
      for (int back = 0; back < 3 && end < text.size() && is_utf8_continuation(text[end]); ++back)
        --end;
      if (find_invalid_utf8(text.substr(at, end - at)) != std::string_view::npos) return false;
      at = end;
      if (options_.passed) options_.passed("reading", at);
    }
    return true;
  }

  Result<void> check_json(std::string_view text, bool jsonl_meant) {
    JsonRows rows(text, report_.source, jsonl_meant, report_.findings);
    ATTUNE_TRY_VOID(rows.open());
    report_.format = rows.format();
    report_.evidence.push_back(rows.evidence());
    ThreadPool pool(rows.by_lines() && text.size() >= kWorthThreads ? options_.threads : 1);
    if (pool.threads() > 1) {
      RowsAhead ahead(text, report_.source, rows.line_end(), pool.threads(),
                      [this](const CheckedRow& row) { return rows_.examine(row); });
      rows.take_from(ahead);
      std::exception_ptr failure;  // the helpers must be told of the end before it goes on
      pool.run(pool.threads(), [&](std::int64_t task, int) {
        if (task > 0) return ahead.help();
        try {
          check_rows(rows);
        } catch (...) {
          failure = std::current_exception();
        }
        ahead.finish();
      });
      if (failure) std::rethrow_exception(failure);
    } else {
      check_rows(rows);
    }
    report_.rows = rows.rows();
    return {};
  }

  void check_rows(JsonRows& rows) {
    CheckedRow row;
    std::size_t told = 0;
    while (rows.next(row)) {
      check_row(row);
      if (!options_.passed || rows.position() < told + kStep) continue;
      told = rows.position();
      options_.passed("checking", told);
    }
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
      check_row(row);
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

  void check_row(CheckedRow& row) {
    rows_.check(row, report_.findings);
    bound_findings();
  }

  void bound_findings() {
    bound_.apply(report_, bounded_);
    bounded_ = report_.findings.size();
  }

  void finish() {
    bound_findings();
    rows_.withdraw_endings_of_graded_rows(report_);
    bounded_ = report_.findings.size();
    rows_.finish(report_);
    bound_findings();
    std::unordered_set<std::string_view> wrong;
    for (const Finding& finding : report_.findings) {
      if (finding.severity == Severity::error && !finding.row.empty()) wrong.insert(finding.row);
    }
    report_.rows_with_errors = static_cast<std::int64_t>(wrong.size());
    for (const MoreFindings& kind : report_.more) report_.rows_with_errors += kind.rows;
  }

  static constexpr std::size_t kStep = std::size_t{16} << 20;         // bytes
  static constexpr std::size_t kWorthThreads = std::size_t{1} << 20;  // bytes

  const CheckOptions& options_;
  CheckReport report_;
  RowCheck rows_;
  FindingBound bound_;
  std::size_t bounded_ = 0;  // findings that bound_ has seen
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
