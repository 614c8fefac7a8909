#include "data/raw_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "data/mapping.h"
#include "data/shapes.h"
#include "data/training_text.h"
#include "io/csv.h"
#include "io/jsonl.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

std::string row_name(std::int64_t row) { return fmt::format("row {}", row); }

// The text without its byte order mark and the white space before the first character.
std::string_view from_first_character(std::string_view text) {
  if (text.starts_with(kUtf8ByteOrderMark)) text.remove_prefix(kUtf8ByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool more_lines_begin_with_brace(std::string_view text) {
  return text.find("\n{") != std::string_view::npos || text.find("\r{") != std::string_view::npos;
}

struct ChosenFormat {
  Format format;
  std::string evidence;
};

// A text that begins with '{': one document, or one a line. What is broken is taken for what it
// looks like.
ChosenFormat choose_object_format(std::string_view text, const std::string& source,
                                  bool named_json) {
  const std::string_view start = from_first_character(text);
  const std::size_t line_end = std::min(start.find_first_of("\r\n"), start.size());
  const bool more = start.find_first_not_of(" \t\r\n", line_end) != std::string_view::npos;
  if (parse_json(start.substr(0, line_end), source)) {
    if (more) return {Format::jsonl, "format: JSONL, its first line is a JSON object"};
    if (!named_json) return {Format::jsonl, "format: JSONL of one line"};
  } else if (more_lines_begin_with_brace(text) && !parse_json(text, source)) {
    return {Format::jsonl, "format: JSONL, its lines begin with '{'"};
  }
  return {Format::json, "format: one JSON document, the file begins with '{'"};
}

// A .txt file is a table when its first line names columns that make a shape.
bool first_line_names_columns(std::string_view text, const std::string& source) {
  Result<CsvReader> reader = CsvReader::open(text, source);
  if (!reader || reader->header().size() < 2) return false;
  Json columns = Json::object();
  for (const std::string& name : reader->header()) columns[name] = "";
  return detect_shape(columns).has_value();
}

ChosenFormat choose_format(std::string_view text, const std::string& source, Format asked) {
  if (asked != Format::automatic) return {asked, "format: as asked"};
  const std::string extension = Path(name_without_compression(source)).extension().string();
  if (extension == ".csv" || extension == ".tsv")
    return {Format::csv, fmt::format("format: CSV by its name {}", extension)};
  if (extension == ".xlsx" || extension == ".xlsm")
    return {Format::jsonl, "format: an Excel workbook by its name"};
  const std::string_view start = from_first_character(text);
  const char first = start.empty() ? '\0' : start[0];
  if (first == '[') return {Format::json, "format: a JSON array, the file begins with '['"};
  if (first == '{') return choose_object_format(text, source, extension == ".json");
  if (extension == ".jsonl" || extension == ".ndjson")
    return {Format::jsonl, fmt::format("format: JSONL by its name {}", extension)};
  if (extension == ".json") return {Format::json, "format: JSON by its name .json"};
  if (extension == ".txt" && !first_line_names_columns(text, source))
    return {Format::text, "format: plain text, a row a line, by its name .txt"};
  return {Format::csv, "format: CSV, the file begins with neither '{' nor '['"};
}

Result<RawRows> read_csv(std::string_view text, const std::string& source,
                         const ReadOptions& options) {
  RawRows raw;
  raw.format = "CSV";
  ATTUNE_TRY(CsvReader reader, CsvReader::open(text, source, options.delimiter));
  raw.evidence.push_back(reader.evidence());
  while (true) {
    Result<std::optional<CsvRecord>> record = reader.next();
    if (record && !*record) return raw;
    ++raw.rows_read;
    if (!record) {
      if (reader.ended_inside_quotes()) return Failure(std::move(record).error());
      raw.findings.push_back(dropped_row("broken_row", record.error(), row_name(raw.rows_read)));
      continue;
    }
    Json columns = Json::object();
    auto& members = columns.get_ref<Json::object_t&>();
    for (std::size_t i = 0; i < reader.header().size(); ++i) {
      members.emplace_back(reader.header()[i], std::move((*record)->fields[i]));
    }
    raw.rows.push_back(
        {.columns = std::move(columns), .line = (*record)->line, .number = raw.rows_read});
  }
}

// Plain text: every line that is not blank is a row of one column, "text".
Result<RawRows> read_lines(std::string_view text) {
  RawRows raw;
  raw.format = "text";
  if (text.starts_with(kUtf8ByteOrderMark)) text.remove_prefix(kUtf8ByteOrderMark.size());
  std::int64_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (is_blank(line)) continue;
    Json columns = Json::object();
    columns["text"] = std::string(line);
    raw.rows.push_back({.columns = std::move(columns), .line = number, .number = ++raw.rows_read});
  }
  return raw;
}

void add_value(RawRows& raw, Json value, std::int64_t line, const std::string& source) {
  ++raw.rows_read;
  if (value.is_object()) {
    raw.rows.push_back({.columns = std::move(value), .line = line, .number = raw.rows_read});
    return;
  }
  const Error error{.kind = ErrorKind::bad_input,
                    .where = name_place(source, line),
                    .found = fmt::format("a JSON {}", value.type_name()),
                    .wanted = "an object",
                    .fix = "write each row as an object"};
  raw.findings.push_back(dropped_row("not_an_object", error, row_name(raw.rows_read)));
}

// One message for all broken lines: the first in full, the lines of the next ones.
Failure broken_lines(std::vector<Error> errors) {
  constexpr std::size_t kMostListed = 10;
  Error first = std::move(errors.front());
  if (errors.size() > 1) {
    first.fix +=
        fmt::format("{}{} more broken lines: ", first.fix.empty() ? "" : ". ", errors.size() - 1);
    for (std::size_t i = 1; i < std::min(errors.size(), kMostListed + 1); ++i) {
      const std::string& where = errors[i].where;  // file:line:column
      const std::size_t column = where.rfind(':');
      const std::size_t line = where.rfind(':', column - 1) + 1;
      first.fix += (i > 1 ? ", " : "") + where.substr(line, column - line);
    }
    if (errors.size() > kMostListed + 1) first.fix += ", ...";
  }
  return Failure(std::move(first));
}

Result<RawRows> read_jsonl(std::string_view text, const std::string& source,
                           const ReadOptions& options) {
  RawRows raw;
  raw.format = "JSONL";
  JsonlReader reader(text, source);
  std::vector<Error> errors;
  while (true) {
    Result<std::optional<JsonLine>> line = reader.next();
    if (line && !*line) break;
    if (line) {
      add_value(raw, std::move((*line)->value), (*line)->line, source);
      continue;
    }
    ++raw.rows_read;
    raw.findings.push_back(dropped_row("broken_json", line.error(), row_name(raw.rows_read)));
    errors.push_back(std::move(line).error());
  }
  if (!errors.empty() && !options.skip_broken_lines) return broken_lines(std::move(errors));
  return raw;
}

Result<Json> items_of_document(Json document, const std::string& source,
                               std::vector<std::string>& evidence) {
  if (document.is_array()) return document;
  if (!document.is_object()) {
    return bad_input({.where = source,
                      .found = fmt::format("a JSON {}", document.type_name()),
                      .wanted = "an array of rows",
                      .fix = "write [{...}, {...}], or one object a line (JSONL)"});
  }
  if (document.contains("messages") || document.contains("prompt"))
    return Json::array({std::move(document)});
  // {"id 1": {...}, "id 2": {...}}
  if (document.size() > 1 && std::all_of(document.begin(), document.end(),
                                         [](const Json& value) { return value.is_object(); })) {
    evidence.push_back("rows: the objects of the document; their keys are the ids");
    Json rows = Json::array();
    for (auto& [key, value] : document.items()) {
      if (!value.contains("id")) value["id"] = key;
      rows.push_back(std::move(value));
    }
    return rows;
  }
  std::vector<std::string> arrays;
  for (const auto& [key, value] : document.items()) {
    if (value.is_array()) arrays.push_back(key);
  }
  if (arrays.size() != 1) {
    return bad_input({.where = source,
                      .found = fmt::format("an object with {} arrays; its keys: {}", arrays.size(),
                                           list_columns(document)),
                      .wanted = "an array of rows, or an object that holds one",
                      .fix = "save the rows alone"});
  }
  evidence.push_back(fmt::format("rows: the array \"{}\"", arrays[0]));
  return std::move(document[arrays[0]]);
}

Result<RawRows> read_document(std::string_view text, const std::string& source) {
  RawRows raw;
  raw.format = "JSON";
  ATTUNE_TRY(Json document, parse_json(text, source));
  ATTUNE_TRY(Json items, items_of_document(std::move(document), source, raw.evidence));
  const std::vector<std::int64_t> lines = lines_of_items(text);
  std::size_t object = 0;
  for (Json& item : items) {
    const std::int64_t line = item.is_object() && object < lines.size() ? lines[object] : 1;
    if (item.is_object()) ++object;
    add_value(raw, std::move(item), line, source);
  }
  return raw;
}

Result<RawRows> read_rows_of(Format format, std::string_view text, const std::string& source,
                             const ReadOptions& options) {
  switch (format) {
    case Format::tsv: {
      ReadOptions with_tabs = options;
      with_tabs.delimiter = '\t';
      return read_csv(text, source, with_tabs);
    }
    case Format::csv:
      return read_csv(text, source, options);
    case Format::json:
      return read_document(text, source);
    case Format::text:
      return read_lines(text);
    case Format::automatic:
    case Format::jsonl:
      break;
  }
  return read_jsonl(text, source, options);
}

}  // namespace

std::vector<std::int64_t> lines_of_items(std::string_view json) {
  std::vector<std::int64_t> lines;
  std::vector<std::int64_t> members;  // of objects in a top object
  std::string open;                   // the brackets around this place
  std::int64_t line = 1;
  for (std::size_t i = 0; i < json.size(); ++i) {
    switch (json[i]) {
      case '\n':
        ++line;
        break;
      case '\r':
        if (i + 1 >= json.size() || json[i + 1] != '\n') ++line;
        break;
      case '"':
        for (++i; i < json.size() && json[i] != '"'; ++i) {
          if (json[i] == '\\') ++i;
        }
        break;
      case '{':
        if (open == "[" || open == "{[") lines.push_back(line);
        if (open == "{") members.push_back(line);
        open.push_back('{');
        break;
      case '[':
        open.push_back('[');
        break;
      case '}':
      case ']':
        if (!open.empty()) open.pop_back();
        break;
      default:
        break;
    }
  }
  return lines.empty() ? members : lines;
}

Result<RawRows> read_raw_rows(std::string_view text, const std::string& source,
                              const ReadOptions& options) {
  ATTUNE_TRY_VOID(check_is_text(text, source));
  ATTUNE_TRY_VOID(check_utf8(text, source));
  if (from_first_character(text).empty()) {
    return bad_input(
        {.where = source,
         .found = text.empty() ? "the file is empty" : "the file holds nothing but white space",
         .wanted = "training rows as CSV, JSON or JSONL",
         .fix = "check that the export worked"});
  }
  const ChosenFormat chosen = choose_format(text, source, options.format);
  Result<RawRows> raw = read_rows_of(chosen.format, text, source, options);
  if (raw) raw->evidence.insert(raw->evidence.begin(), chosen.evidence);
  return raw;
}

}  // namespace attune::data
