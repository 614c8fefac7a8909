#include "data/check.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "data/check_dataset.h"
#include "data/check_preference.h"
#include "data/check_rows.h"
#include "data/check_tools.h"
#include "data/clean_text.h"
#include "data/mapping.h"
#include "data/raw_rows.h"
#include "data/shapes.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

// Runs every check over the rows of one file.
class FileCheck {
 public:
  FileCheck(const std::string& source, const CheckOptions& options, Mapping mapping)
      : options_(options), mapping_(std::move(mapping)) {
    report_.source = source;
    if (options.contract) report_.contract = ContractResult{};
  }

  Result<CheckReport> run(std::string_view text) && {
    text = without_byte_order_mark(text);
    std::string repaired;
    if (find_invalid_utf8(text) != std::string_view::npos) {
      repaired = repair_encoding(text);
      text = repaired;
    }
    if (is_json(text)) {
      ATTUNE_TRY_VOID(check_json(text));
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

  // The text with every byte that is not UTF-8 read as Windows-1252, and a finding for each line
  // that has one.
  std::string repair_encoding(std::string_view text) {
    std::string good;
    std::int64_t line = 1;
    std::int64_t told = 0;
    while (!text.empty()) {
      const std::size_t at = std::min(find_invalid_utf8(text), text.size());
      line += std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
      good += text.substr(0, at);
      text.remove_prefix(at);
      if (text.empty()) break;
      const std::string character = windows_1252_as_utf8(text[0]);
      if (line != told) {
        const std::size_t before = good.rfind('\n');
        const std::size_t start = before == std::string::npos ? 0 : before + 1;
        const std::int64_t column =
            place_of(std::string_view(good).substr(start), good.size() - start).column;
        report_.findings.push_back(file_finding(
            "D001", Severity::error, report_.source, {.line = line, .column = column},
            {.found =
                 fmt::format("byte 0x{:02X} is not valid UTF-8 (it looks like Windows-1252 '{}')",
                             static_cast<unsigned char>(text[0]), character),
             .wanted = "UTF-8",
             .fix = "--fix converts such bytes, or: iconv -f WINDOWS-1252 -t UTF-8"}));
      }
      told = line;
      good += character;
      text.remove_prefix(1);
    }
    return good;
  }

  bool is_json(std::string_view text) const {
    if (options_.read.format == Format::csv) return false;
    if (options_.read.format != Format::automatic) return true;
    const std::string extension = Path(report_.source).extension().string();
    if (extension == ".csv" || extension == ".tsv") return false;
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return extension == ".jsonl" || extension == ".ndjson" || extension == ".json" ||
           text[first] == '{' || text[first] == '[';
  }

  Result<void> check_json(std::string_view text) {
    const std::string extension = Path(report_.source).extension().string();
    const bool meant =
        options_.read.format == Format::jsonl || extension == ".jsonl" || extension == ".ndjson";
    JsonRows rows(text, report_.source, meant && options_.read.format != Format::json,
                  report_.findings);
    ATTUNE_TRY_VOID(rows.open());
    report_.format = rows.format();
    report_.evidence.push_back(rows.evidence());
    CheckedRow row;
    while (rows.next(row)) check_row(row);
    report_.rows = rows.rows();
    return {};
  }

  Result<void> check_table(std::string_view text) {
    ReadOptions read = options_.read;
    read.map.clear();
    ATTUNE_TRY(RawRows raw, read_raw_rows(text, report_.source, read));
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
    if (!mapping_.id.empty()) row.id = row_id(row.value, mapping_.id, row.id);
    RowReporter reporter(report_.findings, row);
    check_conversation(row, reporter);
  }

  void check_conversation(const CheckedRow& row, RowReporter& reporter) {
    const bool mapped = mapping_.user || !mapping_.messages.empty();
    if (!mapped) {
      if (const JsonRef messages = row.value.find("messages");
          messages.is_array() && !row.value.find("chosen").exists()) {
        const ConversationView view = check_messages(messages, Ending::answer, false, reporter);
        tools_.check(messages, row.value.find("tools"), reporter);
        return conclude(row, view, false, reporter);
      }
      if (const std::optional<PreferencePair> pair = preference_pair(row.value)) {
        const ConversationView view = preferences_.check(*pair, reporter);
        tools_.check(pair->prompt, pair->tools, reporter);
        return conclude(row, view, false, reporter);
      }
    }
    check_converted(row, mapped, reporter);
  }

  void check_converted(const CheckedRow& row, bool mapped, RowReporter& reporter) {
    const Json columns = to_json(row.value);
    const std::string where = name_place(row.source, row.line);
    const std::optional<RowShape> shape = mapped ? std::nullopt : detect_shape(columns);
    if (!mapped && !shape) {
      reporter.error(
          "D007", row.value,
          {.found = fmt::format("no \"messages\" list; keys found: {}{}", first_columns(columns),
                                suggest_column("messages", columns)),
           .wanted = "messages; prompt and completion; instruction and output; or a mapping",
           .fix = fmt::format("name the columns, for example --map \"{}\"",
                              quote_for_message(example_mapping(columns), 200))});
      return;
    }
    const Result<Json> messages =
        mapped ? apply_mapping(mapping_, columns, where) : messages_of(*shape, columns, where);
    if (!messages) {
      reporter.error("D007", row.value,
                     {messages.error().found, messages.error().wanted, messages.error().fix});
      return;
    }
    converted_text_ = to_text(*messages);
    if (converted_.parse(converted_text_)) return;
    const ConversationView view = check_messages(converted_.root(), Ending::answer, true, reporter);
    tools_.check(converted_.root(), tools_of(row), reporter);
    conclude(row, view, shape && shape->kind == RowShape::Kind::pair, reporter);
  }

  // A row has few columns; an object of all rows has many.
  static std::string first_columns(const Json& columns) {
    constexpr std::size_t kMostNamed = 12;
    if (columns.size() <= kMostNamed) return list_columns(columns);
    Json some = Json::object();
    for (const auto& [name, ignored] : columns.items()) {
      if (some.size() == kMostNamed) break;
      some[name] = nullptr;
    }
    return fmt::format("{} and {} more", list_columns(some), columns.size() - kMostNamed);
  }

  // The tools of a row, which tables hold as JSON in a string.
  JsonRef tools_of(const CheckedRow& row) {
    const JsonRef tools = row.value.find("tools");
    if (!tools.is_string()) return tools;
    tools_text_ = tools.string();
    return is_blank(tools_text_) || tools_tree_.parse(tools_text_) ? JsonRef() : tools_tree_.root();
  }

  void conclude(const CheckedRow& row, const ConversationView& view, bool legacy,
                RowReporter& reporter) {
    dataset_.add(row, view, legacy);
    if (!options_.contract || !view.answer_at.is_string() || view.has_tool_calls) return;
    ++report_.contract->checked;
    const std::optional<std::string> problem = options_.contract(view.answer);
    if (!problem) return;
    ++report_.contract->broken;
    reporter.error("D022", view.answer_at,
                   {.found = *problem,
                    .wanted = "an answer that keeps the contract",
                    .fix = "mend the answer, or remove the row"});
  }

  void finish() {
    std::unordered_set<std::string_view> wrong;
    for (const Finding& finding : report_.findings) {
      if (finding.severity == Severity::error && !finding.row.empty()) wrong.insert(finding.row);
    }
    report_.rows_with_errors = static_cast<std::int64_t>(wrong.size());
    std::vector<Finding> whole = dataset_.finish(report_.source, report_.rows);
    for (Finding& finding : preferences_.finish(report_.source))
      whole.push_back(std::move(finding));
    if (report_.contract && report_.contract->broken > 0) {
      const ContractResult& contract = *report_.contract;
      whole.push_back(file_finding(
          "D022", Severity::info, report_.source, {.line = 0, .column = 0},
          {.found =
               fmt::format("{} of {} answers break {}: training on them caps format compliance "
                           "at {:.1f} %",
                           contract.broken, contract.checked,
                           options_.contract_name.empty() ? "the contract" : options_.contract_name,
                           100.0 * contract.ceiling())}));
    }
    std::move(whole.begin(), whole.end(), std::back_inserter(report_.findings));
  }

  const CheckOptions& options_;
  Mapping mapping_;
  CheckReport report_;
  DatasetCheck dataset_;
  PreferenceCheck preferences_;
  ToolCheck tools_;
  JsonTree converted_;
  std::string converted_text_;
  JsonTree tools_tree_;
  std::string tools_text_;
};

}  // namespace

std::int64_t CheckReport::count(Severity severity) const {
  return std::count_if(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.severity == severity; });
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
  Mapping mapping;
  if (!options.read.map.empty()) {
    ATTUNE_TRY(mapping, Mapping::parse(options.read.map));
  }
  return FileCheck(source, options, std::move(mapping)).run(text);
}

Result<CheckReport> check_file(const Path& path, const CheckOptions& options) {
  ATTUNE_TRY(const MappedFile file, MappedFile::open(path));
  return check_text(file.text(), path.string(), options);
}

}  // namespace attune::data
