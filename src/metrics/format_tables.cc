// CSV, Markdown tables and fixed sections.
#include <algorithm>

#include <fmt/format.h>

#include "base/trim.h"
#include "io/csv.h"
#include "metrics/format_parts.h"
#include "metrics/text_parts.h"

namespace attune::metrics {

namespace {

using Row = std::vector<std::string>;

// The share of the wanted columns that a header has, and what is wrong with it.
void judge_header(const Row& header, const Row& wanted, FormatVerdict& verdict) {
  if (wanted.empty()) return;
  std::size_t present = 0;
  for (const std::string& column : wanted) {
    present += std::find(header.begin(), header.end(), column) != header.end() ? 1 : 0;
  }
  verdict.fields = static_cast<double>(present) / static_cast<double>(wanted.size());
  if (header != wanted && verdict.problem.empty()) {
    verdict.problem = fmt::format("the columns are {}; wanted {}", fmt::join(header, ", "),
                                  fmt::join(wanted, ", "));
  }
}

void judge_rows(std::int64_t rows, std::int64_t least, FormatVerdict& verdict) {
  if (rows < least && verdict.problem.empty()) {
    verdict.problem = fmt::format("{} rows; wanted at least {}", rows, least);
  }
}

// The cells of a "| a | b |" line; nothing when it is none. "\|" stands for a bar in a cell.
std::optional<Row> table_cells(std::string_view line) {
  line = trim(line);
  if (line.size() < 2 || line.front() != '|' || line.back() != '|') return std::nullopt;
  Row cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += '|';
      ++i;
    } else if (line[i] == '|') {
      cells.emplace_back(trim(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  // A last bar that was escaped leaves an open cell.
  return cell.empty() ? std::optional(std::move(cells)) : std::nullopt;
}

// "---", ":--", "--:" or ":-:"
bool is_delimiter_cell(std::string_view cell) {
  if (!cell.empty() && cell.front() == ':') cell.remove_prefix(1);
  if (!cell.empty() && cell.back() == ':') cell.remove_suffix(1);
  return !cell.empty() && cell.find_first_not_of('-') == std::string_view::npos;
}

bool is_delimiter_row(std::string_view line) {
  const std::optional<Row> cells = table_cells(line);
  return cells && std::all_of(cells->begin(), cells->end(), is_delimiter_cell);
}

}  // namespace

FormatVerdict judge(const CsvFormat& format, std::string_view text) {
  FormatVerdict verdict;
  Result<CsvReader> reader = CsvReader::open(text, "answer", format.delimiter);
  if (!reader) {
    verdict.problem = reader.error().message();
    judge_header({}, format.columns, verdict);
    return verdict;
  }
  std::int64_t rows = 0;
  for (;;) {
    const Result<std::optional<CsvRecord>> record = reader->next();
    if (!record) {
      verdict.problem = record.error().message();
      break;
    }
    if (!*record) break;
    ++rows;
  }
  judge_header(reader->header(), format.columns, verdict);
  judge_rows(rows, format.least_rows, verdict);
  verdict.ok = verdict.problem.empty();
  return verdict;
}

// Any text is CSV of one column, so only a fence shows where it is meant.
std::optional<std::string_view> find_part(const CsvFormat&, std::string_view text) {
  return first_fence(text);
}

FormatVerdict judge(const MarkdownTableFormat& format, std::string_view text) {
  FormatVerdict verdict;
  const std::vector<std::string_view> lines = lines_of(trim(text));
  const std::optional<Row> header = lines.empty() ? std::nullopt : table_cells(lines[0]);
  if (!header) {
    verdict.problem = "the first line is no table row \"| ... |\"";
  } else if (lines.size() < 2 || !is_delimiter_row(lines[1])) {
    verdict.problem = "no line \"| --- |\" below the header";
  }
  for (std::size_t i = 1; i < lines.size() && verdict.problem.empty(); ++i) {
    const std::optional<Row> cells = table_cells(lines[i]);
    if (!cells) {
      verdict.problem = fmt::format("line {} is no table row \"| ... |\"", i + 1);
    } else if (cells->size() != header->size()) {
      verdict.problem =
          fmt::format("line {} has {} cells, the header {}", i + 1, cells->size(), header->size());
    }
  }
  judge_header(header.value_or(Row{}), format.columns, verdict);
  judge_rows(static_cast<std::int64_t>(lines.size()) - 2, format.least_rows, verdict);
  verdict.ok = verdict.problem.empty();
  return verdict;
}

std::optional<std::string_view> find_part(const MarkdownTableFormat&, std::string_view text) {
  const std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (!is_delimiter_row(lines[i]) || !table_cells(lines[i - 1])) continue;
    std::size_t last = i;
    while (last + 1 < lines.size() && table_cells(lines[last + 1])) ++last;
    const char* begin = lines[i - 1].data();
    const char* end = lines[last].data() + lines[last].size();
    return std::string_view(begin, static_cast<std::size_t>(end - begin));
  }
  return std::nullopt;
}

FormatVerdict judge(const SectionsFormat& format, std::string_view text) {
  FormatVerdict verdict;
  if (format.headings.empty()) {
    verdict.ok = true;
    return verdict;
  }
  const std::vector<std::string_view> lines = lines_of(text);
  const auto is_heading = [&](std::string_view line) {
    return std::find(format.headings.begin(), format.headings.end(), trim(line)) !=
           format.headings.end();
  };
  const auto complain = [&](std::string problem) {
    if (verdict.problem.empty()) verdict.problem = std::move(problem);
  };
  if (lines.empty() || trim(lines[0]) != trim(format.headings[0])) {
    complain(fmt::format("the answer does not begin with \"{}\"", format.headings[0]));
  }
  std::size_t good = 0;
  std::size_t before = 0;  // line of the heading before
  for (const std::string& heading : format.headings) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (trim(lines[i]) == trim(heading)) places.push_back(i);
    }
    if (places.empty()) {
      complain(fmt::format("no section \"{}\"", heading));
      continue;
    }
    std::size_t body = places[0] + 1;
    while (body < lines.size() && trim(lines[body]).empty()) ++body;
    const bool filled = body < lines.size() && !is_heading(lines[body]);
    if (places.size() > 1) complain(fmt::format("the section \"{}\" twice", heading));
    if (!filled) complain(fmt::format("nothing below \"{}\"", heading));
    if (places[0] < before) complain(fmt::format("the section \"{}\" out of order", heading));
    before = places[0];
    good += filled && places.size() == 1 ? 1 : 0;
  }
  verdict.fields = static_cast<double>(good) / static_cast<double>(format.headings.size());
  verdict.ok = verdict.problem.empty();
  return verdict;
}

// From the first heading on.
std::optional<std::string_view> find_part(const SectionsFormat& format, std::string_view text) {
  if (format.headings.empty()) return std::nullopt;
  for (std::string_view line : lines_of(text)) {
    if (trim(line) == trim(format.headings[0])) {
      return trim(text.substr(static_cast<std::size_t>(line.data() - text.data())));
    }
  }
  return std::nullopt;
}

}  // namespace attune::metrics
