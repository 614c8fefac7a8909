#include "data/check_rows.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "data/training_text.h"

namespace attune::data {

namespace {

constexpr std::string_view kSpaces = " \t\r\n";

std::size_t first_character(std::string_view text, std::size_t from) {
  return std::min(text.find_first_not_of(kSpaces, from), text.size());
}

}  // namespace

std::optional<bool> json_is_meant(std::string_view text, std::string_view source, Format asked) {
  if (asked == Format::jsonl) return true;
  if (asked == Format::json) return false;
  if (asked != Format::automatic) return std::nullopt;
  const std::string extension =
      Path(name_without_compression(std::string(source))).extension().string();
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".xlsx" ||
      extension == ".xlsm")
    return true;
  if (extension == ".json") return false;
  if (extension == ".csv" || extension == ".tsv" || extension == ".txt") return std::nullopt;
  if (text.starts_with(kUtf8ByteOrderMark)) text.remove_prefix(kUtf8ByteOrderMark.size());
  const std::size_t first = first_character(text, 0);
  const bool json = first < text.size() && (text[first] == '{' || text[first] == '[');
  return json ? std::optional(false) : std::nullopt;
}

JsonRows::JsonRows(std::string_view text, std::string_view source, bool jsonl_meant,
                   std::vector<Finding>& findings)
    : text_(text), source_(source), jsonl_meant_(jsonl_meant), findings_(findings) {}

void JsonRows::use(Layout layout, std::string format, std::string evidence) {
  layout_ = layout;
  format_ = std::move(format);
  evidence_ = std::move(evidence);
  at_ = 0;
}

void JsonRows::report_layout(std::string found) {
  if (!jsonl_meant_) return;
  findings_.push_back(file_finding("D004", Severity::error, source_, {.line = 1, .column = 1},
                                   {.found = std::move(found),
                                    .wanted = "JSONL: one record a line",
                                    .fix = "--fix writes it so"}));
}

Result<void> JsonRows::open() {
  if (text_.find('\n') == std::string_view::npos && text_.find('\r') != std::string_view::npos)
    line_end_ = '\r';
  const std::size_t start = first_character(text_, 0);
  const std::size_t line_stop = std::min(text_.find(line_end_, start), text_.size());
  const bool more_lines = first_character(text_, line_stop) < text_.size();
  const std::string_view first_line = text_.substr(start, line_stop - start);
  const bool opens_array = text_.substr(start).starts_with('[');
  // An array alone may be the whole of a large file: it is read item by item.
  const bool whole = !(opens_array && !more_lines) && !tree_.parse(first_line);
  if (whole && more_lines && !(opens_array && tree_.root().size() == 0)) {
    use(Layout::lines, "JSONL", "format: JSONL, its first line is JSON by itself");
    return {};
  }
  if (opens_array) {
    use(Layout::array, "JSON", "format: a JSON array, the file begins with '['");
    at_ = start + 1;
    const std::size_t item = first_character(text_, at_);
    item_margin_ = text_.substr(at_, item - at_);
    report_layout("the file is a JSON array, not JSONL (its first character is '[')");
    return {};
  }
  if (whole && (jsonl_meant_ || tree_.root().find("messages").exists())) {
    use(Layout::lines, "JSONL", "format: JSONL of one line");
    return {};
  }
  return open_object();
}

// {"one":{...},"two":{...}}: each member is a row, and its key the row's id.
bool JsonRows::use_members(JsonRef document) {
  std::vector<Item> items;
  for (const JsonTreeMember& member : document.members()) {
    if (!member.value.is_object()) return false;
    items.push_back({.begin = member.value.begin(),
                     .end = member.value.end(),
                     .key = std::string(member.key.string())});
  }
  if (items.size() < 2) return false;
  use(Layout::members, "JSON",
      fmt::format("rows: the {} objects of the document, by their keys", items.size()));
  items_ = std::move(items);
  report_layout("the file is one JSON document, not JSONL");
  return true;
}

// The text begins with an object that its first line does not hold, or is one object of one line.
Result<void> JsonRows::open_object() {
  std::size_t end = 0;
  const bool good = !tree_.parse_next(text_, 0, end);
  if (!good) {
    use(Layout::lines, "JSONL", "format: JSONL, its lines begin with '{'");
    return {};
  }
  if (first_character(text_, end) < text_.size()) {
    use(Layout::values, "JSON", "format: JSON records one behind the other, over several lines");
    jsonl_meant_ = true;  // this is neither JSON nor JSONL, whatever its name
    report_layout("JSON records written over several lines");
    return {};
  }
  const JsonRef document = tree_.root();
  if (use_members(document)) return {};
  std::vector<JsonTreeMember> lists = document.members();
  std::erase_if(lists, [](const JsonTreeMember& member) { return !member.value.is_array(); });
  const bool is_row = document.find("messages").exists() || document.find("prompt").exists() ||
                      document.find("input").exists() || document.find("conversations").exists();
  if (is_row || lists.size() != 1) {
    use(Layout::values, "JSON", "format: one JSON document, the file begins with '{'");
    report_layout("one record written over several lines");
    return {};
  }
  const std::size_t array = lists[0].value.begin();
  use(Layout::array, "JSON",
      fmt::format("rows: the array \"{}\"", quote_for_message(lists[0].key.string())));
  at_ = array + 1;
  const std::size_t item = first_character(text_, at_);
  item_margin_ = text_.substr(at_, item - at_);
  report_layout("the file is one JSON document, not JSONL");
  return {};
}

std::string JsonRows::row_name() const { return "row " + std::to_string(rows_); }

std::optional<JsonRows::Line> JsonRows::next_line() {
  if (at_ >= text_.size()) return std::nullopt;
  const std::size_t end = std::min(text_.find(line_end_, at_), text_.size());
  std::string_view line = text_.substr(at_, end - at_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  at_ = end + 1;
  return Line{.text = line, .number = ++line_};
}

void JsonRows::report_fault(const JsonFault& fault, std::string_view text, std::int64_t line,
                            std::int64_t column) {
  TextPlace place = place_of(text, fault.at, line);
  if (place.line == line) place.column += column - 1;
  findings_.push_back(file_finding(
      "D003", Severity::error, source_, place,
      {.found = fault.found,
       .wanted = fault.wanted,
       .fix = fault.fix.empty() ? "mend the record, or write it again with a JSON library"
                                : fault.fix}));
  findings_.back().row = row_name();
}

// A record whose text is cut by the end of its line, with the lines up to the next that begins a
// record.
JsonRows::Line JsonRows::with_lines_up_to_next_record(Line line) {
  constexpr int kMostLines = 2000;
  const std::size_t begin = static_cast<std::size_t>(line.text.data() - text_.data());
  std::size_t end = begin + line.text.size();
  for (int i = 0; i < kMostLines && at_ < text_.size() && text_[at_] != '{'; ++i)
    if (const std::optional<Line> next = next_line())
      end = static_cast<std::size_t>(next->text.data() - text_.data()) + next->text.size();
  return {.text = text_.substr(begin, end - begin), .number = line.number};
}

bool JsonRows::next_from_lines(CheckedRow& row) {
  while (true) {
    if (!rest_.text.empty()) {
      const Line line = std::exchange(rest_, {});
      if (next_from_line(line, row)) return true;
      continue;
    }
    const std::optional<Line> line = next_line();
    if (!line) return false;
    rest_at_ = 0;
    if (first_character(line->text, 0) == line->text.size()) continue;
    if (next_from_line(*line, row)) return true;
  }
}

// The record of `line` at rest_at_; what stands behind it stays in rest_.
bool JsonRows::next_from_line(Line line, CheckedRow& row) {
  ++rows_;
  const std::size_t from = rest_at_;
  if (ahead_ != nullptr && from == 0) {
    const auto offset = static_cast<std::size_t>(line.text.data() - text_.data());
    // Lines that hold more than a record are rare and read once more below.
    RowsAhead::Row* const known = ahead_->row_at(offset);
    if (known != nullptr && first_character(line.text, known->end) == line.text.size()) {
      if (!deliver(known->tree, line.text, line.number, 1, row)) return false;
      if (known->examined) row.examined = &*known->examined;
      return true;
    }
  }
  std::size_t end = 0;
  std::optional<JsonFault> fault = tree_.parse_next(line.text, from, end);
  if (fault && fault->cut_off && from == 0 && at_ < text_.size() && text_[at_] != '{') {
    line = with_lines_up_to_next_record(line);
    fault = tree_.parse_next(line.text, from, end);
    if (!fault) {
      findings_.push_back(file_finding(
          "D004", Severity::error, source_, {.line = line.number, .column = 1},
          {.found = fmt::format("a record over the lines {} to {}", line.number, line_),
           .wanted = "one record a line",
           .fix = "--fix writes it on one line"}));
      findings_.back().row = row_name();
    }
  }
  if (fault) {
    report_fault(*fault, line.text, line.number, 1);
    passed_over_.push_back({line.text.substr(from), line.number});
    return false;
  }
  const std::size_t behind = first_character(line.text, end);
  if (behind < line.text.size()) {
    const TextPlace place = place_of(line.text, behind, line.number);
    const bool another = line.text[behind] == '{' || line.text[behind] == '[';
    if (another) {
      if (from == 0)
        findings_.push_back(file_finding("D004", Severity::error, source_, place,
                                         {.found = "a second record on the same line",
                                          .wanted = "one record a line",
                                          .fix = "--fix writes each on its own line"}));
      rest_ = line;
      rest_at_ = behind;
    } else {
      findings_.push_back(
          file_finding("D003", Severity::error, source_, place,
                       {.found = fmt::format("\"{}\" behind the record",
                                             quote_for_message(line.text.substr(behind), 20)),
                        .wanted = "the end of the line",
                        .fix = "remove it"}));
    }
    findings_.back().row = row_name();
  }
  return deliver(tree_, line.text, line.number, 1, row);
}

bool JsonRows::deliver(const JsonTree& tree, std::string_view text, std::int64_t line,
                       std::int64_t column, CheckedRow& row) {
  const JsonRef value = tree.root();
  row = {.source = source_,
         .text = text,
         .line = line,
         .column = column,
         .is_table = false,
         .value = value,
         .id = row_id(value, "id", row_name())};
  RowReporter reporter(findings_, row);
  for (const JsonRef& key : tree.duplicate_keys()) {
    const std::string_view name = key.string();
    reporter.error("D005", key,
                   {.found = fmt::format("the key \"{}\" a second time in one object",
                                         quote_for_message(name)),
                    .wanted = "each key once: programs disagree on which counts",
                    .fix = "remove one of them"});
  }
  if (value.is_object()) return true;
  reporter.error("D006", value,
                 {.found = fmt::format("a JSON {}", json_type_name(value.type())),
                  .wanted = "an object",
                  .fix = "write each row as an object"});
  passed_over_.push_back({value.text(), line});
  return false;
}

// Line and column of an offset not before the last one asked for.
TextPlace JsonRows::place_at(std::size_t offset) {
  const TextPlace moved =
      place_of(text_.substr(place_offset_), offset - place_offset_, place_.line);
  place_.column = moved.line == place_.line ? place_.column + moved.column - 1 : moved.column;
  place_.line = moved.line;
  place_offset_ = offset;
  return place_;
}

// To the next line that begins like the first item did, or the end.
void JsonRows::pass_broken_item() {
  const std::string margin = layout_ == Layout::values ? std::string(1, line_end_) : item_margin_;
  const std::size_t next = margin.find(line_end_) == std::string::npos
                               ? std::string_view::npos
                               : text_.find(margin + "{", at_ + 1);
  at_ = next == std::string_view::npos ? text_.size() : next;
}

bool JsonRows::next_from_text(CheckedRow& row) {
  while (true) {
    at_ = first_character(text_, at_);
    if (at_ >= text_.size()) return false;
    if (layout_ == Layout::array && text_[at_] == ']') {
      at_ = text_.size();
      return false;
    }
    const std::size_t start = at_;
    const TextPlace place = place_at(start);
    ++rows_;
    std::size_t end = 0;
    if (const std::optional<JsonFault> fault = tree_.parse_next(text_, start, end)) {
      JsonFault here = *fault;
      here.at = std::max(here.at, start) - start;
      report_fault(here, text_.substr(start), place.line, place.column);
      pass_broken_item();
      passed_over_.push_back({text_.substr(start, at_ - start), place.line});
      continue;
    }
    at_ = first_character(text_, end);
    if (layout_ == Layout::array && at_ < text_.size() && text_[at_] == ',') {
      ++at_;
    } else if (layout_ == Layout::array && (at_ >= text_.size() || text_[at_] != ']')) {
      findings_.push_back(file_finding(
          "D003", Severity::error, source_, place_at(at_),
          {.found = at_ >= text_.size() ? "the array never ends" : "no comma behind the record",
           .wanted = "',' or ']'",
           .fix = "the file may be cut off"}));
      findings_.back().row = row_name();
    }
    // Parsed anew as a text of its own, so that places count from its beginning.
    const std::string_view item = text_.substr(start, end - start);
    if (!tree_.parse(item) && deliver(tree_, item, place.line, place.column, row)) return true;
  }
}

bool JsonRows::next_from_members(CheckedRow& row) {
  while (item_ < items_.size()) {
    const Item& item = items_[item_++];
    ++rows_;
    const TextPlace place = place_at(item.begin);
    const std::string_view text = text_.substr(item.begin, item.end - item.begin);
    if (tree_.parse(text) || !deliver(tree_, text, place.line, place.column, row)) continue;
    if (row.id == row_name()) row.id = item.key;
    return true;
  }
  return false;
}

bool JsonRows::next(CheckedRow& row) {
  passed_over_.clear();
  if (layout_ == Layout::members) return next_from_members(row);
  return layout_ == Layout::lines ? next_from_lines(row) : next_from_text(row);
}

}  // namespace attune::data
