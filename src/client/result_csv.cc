#include "client/result_csv.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "io/csv.h"
#include "io/json.h"

namespace attune::client {

namespace {

using Cell = std::optional<double> ResultRow::*;

struct Column {
  std::string_view name;
  Cell cell;
};

constexpr std::array kColumns = {
    Column{"train_loss", &ResultRow::train_loss},
    Column{"train_accuracy", &ResultRow::train_accuracy},
    Column{"train_mean_token_accuracy", &ResultRow::train_accuracy},
    Column{"valid_loss", &ResultRow::valid_loss},
    Column{"validation_loss", &ResultRow::valid_loss},
    Column{"valid_accuracy", &ResultRow::valid_accuracy},
    Column{"valid_mean_token_accuracy", &ResultRow::valid_accuracy},
    Column{"validation_mean_token_accuracy", &ResultRow::valid_accuracy},
    Column{"full_valid_loss", &ResultRow::full_valid_loss},
    Column{"full_valid_mean_token_accuracy", &ResultRow::full_valid_accuracy},
};

std::optional<double> number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// A step column is what makes a text this table.
bool is_table(std::string_view text) {
  auto reader = CsvReader::open(text, "result file", ',');
  return reader && reader->column("step").has_value();
}

int value_of_base64(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// The file as it is, or unwrapped from base64, which may stand in quotes as a JSON string.
std::optional<std::string> unwrapped(std::string_view bytes) {
  if (is_table(bytes)) return std::string(bytes);
  std::string inner(bytes);
  if (inner.starts_with('"')) {
    const auto value = parse_json(bytes, "result file");
    if (!value || !value->is_string()) return std::nullopt;
    inner = value->get<std::string>();
    if (is_table(inner)) return inner;
  }
  auto decoded = decode_base64(inner);
  if (!decoded || !is_table(*decoded)) return std::nullopt;
  return decoded;
}

Result<ResultRow> read_row(const CsvReader& reader, const CsvRecord& record,
                           std::string_view where) {
  ResultRow row;
  const std::string& step = record.fields[*reader.column("step")];
  const auto value = number(step);
  if (!value || *value < 0 || *value > 1e15) {
    return bad_input({.where = fmt::format("{}:{}", where, record.line),
                      .found = fmt::format("step \"{}\"", step),
                      .wanted = "a number of steps",
                      .fix = "look at the file with `attune files content`"});
  }
  row.step = static_cast<std::int64_t>(*value);
  for (const Column& column : kColumns) {
    if (const auto index = reader.column(column.name)) {
      if (const auto cell = number(record.fields[*index])) row.*column.cell = cell;
    }
  }
  return row;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  bool padded = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ') continue;
    if (c == '=') {
      padded = true;
      continue;
    }
    const int value = value_of_base64(c);
    if (value < 0 || padded) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  if (count >= 6) return std::nullopt;  // a lone character at the end
  return bytes;
}

Result<ResultTable> parse_result_csv(std::string_view bytes, std::string_view where) {
  auto text = unwrapped(bytes);
  if (!text) {
    return bad_input({.where = std::string(where),
                      .found = "no table with a column \"step\", neither plain nor in base64",
                      .wanted = "the metrics of a job as CSV",
                      .fix = "look at the file with `attune files content`"});
  }
  ResultTable table;
  table.csv = *std::move(text);
  ATTUNE_TRY(CsvReader reader, CsvReader::open(table.csv, std::string(where), ','));
  while (true) {
    ATTUNE_TRY(const std::optional<CsvRecord> record, reader.next());
    if (!record) return table;
    ATTUNE_TRY(const ResultRow row, read_row(reader, *record, where));
    table.rows.push_back(row);
  }
}

}  // namespace attune::client
