#include "io/csv.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/trim.h"
#include "io/text_encoding.h"

namespace attune {

namespace {

constexpr std::array kDelimiters = {',', ';', '\t', '|'};
constexpr std::int64_t kRecordsToJudge = 50;

Error to_error(Failure failure) { return std::move(failure).value(); }

}  // namespace

Result<CsvReader> CsvReader::open(std::string_view text, std::string where,
                                  std::optional<char> delimiter) {
  CsvReader reader(text, std::move(where));
  if (text.starts_with(kUtf8ByteOrderMark))
    reader.at_ = reader.line_start_ = kUtf8ByteOrderMark.size();
  const std::string_view rest = text.substr(reader.at_);
  const bool names_delimiter =
      rest.size() > 5 && rest.starts_with("sep=") && (rest[5] == '\n' || rest[5] == '\r');
  if (names_delimiter) {
    reader.delimiter_ = rest[4];
    reader.at_ += 5;
    reader.pass_line_end();
    reader.evidence_ =
        fmt::format("delimiter {}: named by the line sep=", delimiter_name(reader.delimiter_));
  } else if (!delimiter) {
    reader.detect_delimiter();
  }
  if (delimiter) {
    reader.delimiter_ = *delimiter;
    reader.evidence_ = fmt::format("delimiter {}: as asked", delimiter_name(reader.delimiter_));
  }
  ATTUNE_TRY_VOID(reader.read_header());
  return reader;
}

Result<std::optional<CsvRecord>> CsvReader::next() {
  std::optional<RawRecord> raw = scan();
  if (!raw) return std::optional<CsvRecord>();
  if (raw->error) return Failure(std::move(*raw->error));
  std::vector<std::string>& fields = raw->record.fields;
  // Spreadsheets write empty cells beyond the last column.
  while (fields.size() > header_.size() && trim(fields.back()).empty()) fields.pop_back();
  if (fields.size() != header_.size()) {
    return bad_input(
        {.where = name_place(where_, raw->record.line),
         .found = fmt::format("{} fields", fields.size()),
         .wanted = fmt::format("{}, as the header on line {} has", header_.size(), header_line_),
         .fix = fmt::format("put a field that holds a {} or a line break in double quotes",
                            delimiter_name(delimiter_))});
  }
  return std::optional<CsvRecord>(std::move(raw->record));
}

std::optional<std::size_t> CsvReader::column(std::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

Result<void> CsvReader::read_header() {
  std::optional<RawRecord> raw = scan();
  if (!raw) {
    return bad_input(
        {.where = where_,
         .found = "the file is empty",
         .wanted = "a header line with the names of the columns, then one row an example",
         .fix = "check that the export worked"});
  }
  if (raw->error) return Failure(std::move(*raw->error));
  header_line_ = raw->record.line;
  std::vector<std::string>& names = raw->record.fields;
  while (names.size() > 1 && trim(names.back()).empty()) names.pop_back();
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string name(trim(names[i]));
    if (name.empty()) name = fmt::format("column_{}", i + 1);
    if (const std::optional<std::size_t> earlier = column(name)) {
      return bad_input({.where = name_place(where_, header_line_),
                        .found = fmt::format("the column \"{}\" twice, at positions {} and {}",
                                             quote_for_message(name), *earlier + 1, i + 1),
                        .wanted = "a different name for each column",
                        .fix = "rename one of them"});
    }
    header_.push_back(std::move(name));
  }
  return {};
}

bool CsvReader::at_line_end() const {
  return at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r');
}

void CsvReader::pass_line_end() {
  const bool pair = text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
  at_ += pair ? 2 : 1;
  ++line_;
  line_start_ = at_;
}

Error CsvReader::error_at(std::size_t offset, std::string found, std::string wanted,
                          std::string fix) const {
  // Counted from the start of the current line, so that many errors in a large file stay cheap.
  const TextPlace place = place_of(text_.substr(line_start_), offset - line_start_, line_);
  return to_error(bad_input({.where = name_place(where_, place),
                             .found = std::move(found),
                             .wanted = std::move(wanted),
                             .fix = std::move(fix)}));
}

std::optional<CsvReader::RawRecord> CsvReader::scan() {
  while (at_line_end()) pass_line_end();
  if (at_ >= text_.size()) return std::nullopt;
  RawRecord raw;
  raw.record.line = line_;
  const std::size_t begin = at_;
  while (true) {
    std::string& field = raw.record.fields.emplace_back();
    std::size_t quote = at_;
    while (quote < text_.size() && text_[quote] == ' ' && delimiter_ != ' ') ++quote;
    if (quote < text_.size() && text_[quote] == '"') {
      at_ = quote;
      scan_quoted(field, raw.error);
    } else {
      scan_plain(field);
    }
    if (at_ >= text_.size()) break;
    if (at_line_end()) {
      pass_line_end();
      break;
    }
    ++at_;  // the delimiter
  }
  if (auto utf8 = check_utf8(text_.substr(begin, at_ - begin), where_, raw.record.line); !utf8) {
    raw.error = std::move(utf8).error();
  }
  return raw;
}

void CsvReader::scan_plain(std::string& field) {
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != delimiter_ && !at_line_end()) ++at_;
  field.append(text_.substr(begin, at_ - begin));
}

void CsvReader::scan_quoted(std::string& field, std::optional<Error>& error) {
  const std::size_t opened_at = at_, opened_line_start = line_start_;
  const std::int64_t opened_line = line_;
  ++at_;
  while (true) {
    if (at_ >= text_.size()) {
      ended_inside_quotes_ = true;
      if (error) return;
      const TextPlace opened =
          place_of(text_.substr(opened_line_start), opened_at - opened_line_start, opened_line);
      error = to_error(bad_input({.where = name_place(where_, opened),
                                  .found = "a quoted field that opens here and never closes",
                                  .wanted = "a '\"' at its end",
                                  .fix = "close it; write a '\"' inside a quoted field twice"}));
      return;
    }
    if (at_line_end()) {
      const std::size_t begin = at_;
      pass_line_end();
      field.append(text_.substr(begin, at_ - begin));
    } else if (text_[at_] != '"') {
      field.push_back(text_[at_++]);
    } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
      field.push_back('"');
      at_ += 2;
    } else {
      ++at_;
      break;
    }
  }
  while (at_ < text_.size() && text_[at_] == ' ' && delimiter_ != ' ') ++at_;
  if (at_ >= text_.size() || text_[at_] == delimiter_ || at_line_end()) return;
  if (!error) {
    error = error_at(at_, "text after the closing '\"' of a field",
                     fmt::format("a {} or the end of the line", delimiter_name(delimiter_)),
                     "write a '\"' inside a quoted field twice");
  }
  scan_plain(field);
}

void CsvReader::detect_delimiter() {
  struct Candidate {
    char delimiter = ',';
    std::size_t fields = 1;
    std::int64_t agreeing = 0;
    std::int64_t records = 0;
    bool divides() const { return fields > 1; }
    // a/b > c/d without division; with equal shares more fields win.
    bool better_than(const Candidate& other) const {
      if (divides() != other.divides()) return divides();
      const std::int64_t mine = agreeing * std::max<std::int64_t>(other.records, 1);
      const std::int64_t theirs = other.agreeing * std::max<std::int64_t>(records, 1);
      return mine != theirs ? mine > theirs : fields > other.fields;
    }
  };
  Candidate best;
  for (const char delimiter : kDelimiters) {
    CsvReader probe = *this;
    probe.delimiter_ = delimiter;
    const std::optional<RawRecord> header = probe.scan();
    if (!header) break;
    Candidate candidate{.delimiter = delimiter, .fields = header->record.fields.size()};
    while (candidate.records < kRecordsToJudge) {
      const std::optional<RawRecord> raw = probe.scan();
      if (!raw) break;
      ++candidate.records;
      if (!raw->error && raw->record.fields.size() == candidate.fields) ++candidate.agreeing;
    }
    if (candidate.better_than(best)) best = candidate;
  }
  delimiter_ = best.delimiter;
  evidence_ =
      best.divides()
          ? fmt::format("delimiter {}: {} of the first {} records have {} fields, as the header",
                        delimiter_name(delimiter_), best.agreeing, best.records, best.fields)
          : "one column: the header holds none of comma, semicolon, tab, pipe";
}

std::string delimiter_name(char delimiter) {
  switch (delimiter) {
    case ',':
      return "comma";
    case ';':
      return "semicolon";
    case '\t':
      return "tab";
    case '|':
      return "pipe";
    default:
      return std::string(1, delimiter);
  }
}

std::string csv_line(const std::vector<std::string>& fields, char delimiter) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line.push_back(delimiter);
    const std::string& field = fields[i];
    const bool edge_space = !field.empty() && (field.front() == ' ' || field.back() == ' ');
    // A record of one empty field would read as an empty line.
    const bool lone_empty = field.empty() && fields.size() == 1;
    if (!edge_space && !lone_empty && field.find_first_of("\"\r\n") == std::string::npos &&
        field.find(delimiter) == std::string::npos) {
      line += field;
      continue;
    }
    line.push_back('"');
    for (const char c : field) {
      if (c == '"') line.push_back('"');
      line.push_back(c);
    }
    line.push_back('"');
  }
  line.push_back('\n');
  return line;
}

}  // namespace attune
