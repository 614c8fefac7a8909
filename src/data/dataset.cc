#include "data/dataset.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "data/mapping.h"
#include "data/raw_rows.h"
#include "data/shapes.h"
#include "data/split.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

std::string text_at(const Json& row, const std::string& column) {
  const auto found = row.find(column);
  return found == row.end() ? std::string() : value_text(*found);
}

// What a row says about itself besides the conversation.
Example make_example(Json messages, const Json& row, const Mapping& mapping, std::int64_t number) {
  Example example;
  example.messages = std::move(messages);
  if (const auto tools = row.find("tools"); tools != row.end()) {
    // As JSON in a string too: tables have no other way. What is not JSON stays for the later
    // checks to name.
    const Result<Json> parsed =
        tools->is_string() ? parse_json(tools->get<std::string>(), "tools") : *tools;
    example.tools = parsed ? *parsed : *tools;
  }
  example.id = text_at(row, mapping.id.empty() ? "id" : mapping.id);
  if (example.id.empty()) example.id = fmt::format("row {}", number);
  if (!mapping.split.empty()) {
    example.split = text_at(row, mapping.split);
  } else if (const std::string own = text_at(row, "split"); part_from_name(own)) {
    example.split = own;
  }
  return example;
}

Failure fits_no_shape(const RawRow& row, const std::string& source) {
  return bad_input(
      {.where = name_place(source, row.line),
       .found =
           fmt::format("the columns {}, which do not say what is the question and what the answer",
                       list_columns(row.columns)),
       .wanted = "messages; prompt and completion; instruction and output; or a mapping",
       .fix = fmt::format("name the columns, for example --map \"{}\"",
                          example_mapping(row.columns))});
}

class RowConverter {
 public:
  RowConverter(Mapping mapping, const std::string& source)
      : mapping_(std::move(mapping)), source_(source) {}

  // The messages of a row; an error when it cannot be converted.
  Result<Json> convert(const RawRow& row) {
    const std::string where = name_place(source_, row.line);
    if (has_conversation()) {
      use(mapping_.columns());
      ++counts_["the mapping"];
      return apply_mapping(mapping_, row.columns, where);
    }
    const std::optional<RowShape> shape = detect_shape(row.columns);
    if (!shape) return fits_no_shape(row, source_);
    use(columns_of(*shape, row.columns));
    ++counts_[shape->name()];
    return messages_of(*shape, row.columns, where);
  }

  // A mapped column that no row has is a mistake in the mapping, and fatal.
  Result<void> check_columns(const std::vector<RawRow>& rows) const {
    for (const std::string& column : mapping_.columns()) {
      const bool known = std::any_of(rows.begin(), rows.end(), [&](const RawRow& row) {
        return row.columns.contains(column);
      });
      if (known || rows.empty()) continue;
      return bad_input(
          {.where = source_,
           .found = fmt::format("there is no column \"{}\"{}", quote_for_message(column),
                                suggest_column(column, rows.front().columns)),
           .wanted = fmt::format("one of {}", list_columns(rows.front().columns)),
           .fix = "correct --map"});
    }
    return {};
  }

  std::vector<std::string> evidence(const std::vector<RawRow>& rows) const {
    std::vector<std::string> lines;
    for (const auto& [name, count] : counts_)
      lines.push_back(fmt::format("shape: {} rows by {}", count, name));
    std::vector<std::string> unused;
    if (!rows.empty()) {
      for (const auto& [column, ignored] : rows.front().columns.items()) {
        if (!used_.contains(column)) unused.push_back(quote_for_message(column));
      }
    }
    if (!unused.empty())
      lines.push_back(fmt::format("columns not used: {}", fmt::join(unused, ", ")));
    return lines;
  }

 private:
  bool has_conversation() const { return mapping_.user.has_value() || !mapping_.messages.empty(); }
  void use(const std::vector<std::string>& columns) {
    used_.insert(columns.begin(), columns.end());
  }

  Mapping mapping_;
  const std::string& source_;
  std::map<std::string, std::int64_t> counts_;
  std::set<std::string> used_ = {"id", "split"};
};

}  // namespace

std::string Example::where() const { return name_place(source, line); }

std::optional<Format> format_from_name(std::string_view name) {
  if (name == "auto") return Format::automatic;
  if (name == "csv") return Format::csv;
  if (name == "json") return Format::json;
  if (name == "jsonl") return Format::jsonl;
  return std::nullopt;
}

Result<Dataset> read_examples(const Path& path, const ReadOptions& options) {
  ATTUNE_TRY(const MappedFile file, MappedFile::open(path));
  return read_examples_from_text(file.text(), path.string(), options);
}

Result<Dataset> read_examples_from_text(std::string_view text, const std::string& source,
                                        const ReadOptions& options) {
  Mapping mapping;
  if (!options.map.empty()) {
    ATTUNE_TRY(mapping, Mapping::parse(options.map));
  }
  ATTUNE_TRY(RawRows raw, read_raw_rows(text, source, options));
  RowConverter converter(mapping, source);
  ATTUNE_TRY_VOID(converter.check_columns(raw.rows));

  Dataset dataset;
  dataset.format = std::move(raw.format);
  dataset.evidence = std::move(raw.evidence);
  dataset.findings = std::move(raw.findings);
  dataset.rows_read = raw.rows_read;
  std::optional<Error> first_error;
  for (const RawRow& row : raw.rows) {
    Result<Json> messages = converter.convert(row);
    Example example =
        make_example(messages ? std::move(*messages) : Json(), row.columns, mapping, row.number);
    if (!messages) {
      if (!first_error) first_error = messages.error();
      dataset.findings.push_back(dropped_row("row_does_not_fit", messages.error(), example.id));
      continue;
    }
    example.source = source;
    example.line = row.line;
    dataset.examples.push_back(std::move(example));
  }
  if (dataset.examples.empty() && first_error) return Failure(std::move(*first_error));
  for (std::string& line : converter.evidence(raw.rows))
    dataset.evidence.push_back(std::move(line));
  return dataset;
}

}  // namespace attune::data
