#include "data/dataset.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/trim.h"
#include "data/dataset_info.h"
#include "data/known_formats.h"
#include "data/mapping.h"
#include "data/raw_rows.h"
#include "data/row_converter.h"
#include "data/split.h"
#include "data/training_text.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

std::string text_at(const Json& row, const std::string& column) {
  const Json* const value = find_column(row, column);
  return value == nullptr ? std::string() : value_text(*value);
}

// What a row is called and where it stands. `part` counts the examples of one row, from 1.
void name_example(Example& example, const RawRow& row, const Mapping& mapping,
                  const std::string& source, std::size_t part, std::size_t parts) {
  example.source = source;
  example.line = row.line;
  example.id = text_at(row.columns, mapping.id.empty() ? "id" : mapping.id);
  if (example.id.empty()) example.id = fmt::format("row {}", row.number);
  if (parts > 1) example.id += fmt::format(" ({} of {})", part, parts);
  if (!mapping.split.empty()) {
    example.split = text_at(row.columns, mapping.split);
  } else if (const std::string own = text_at(row.columns, "split"); part_from_name(own)) {
    example.split = own;
  }
}

bool ends_with_answer(const Json& messages) {
  if (!messages.is_array() || messages.empty()) return true;  // the checks name it
  const Json& last = messages.back();
  const Json role = last.is_object() ? last.value("role", Json()) : Json();
  return role == "assistant" || role == "gpt" || role == "bot" || role == "model";
}

// A file of messages in which no row ends with an answer, and every row has columns for graders, is
// one for reinforcement.
bool is_reinforcement_file(const std::vector<Example>& examples) {
  return !examples.empty() &&
         std::all_of(examples.begin(), examples.end(), [](const Example& example) {
           return example.kind == RowKind::supervised && !example.rest.empty() &&
                  !ends_with_answer(example.messages);
         });
}

Result<void> check_supervised(const Dataset& dataset) {
  for (const Example& example : dataset.examples) {
    if (example.kind == RowKind::supervised) continue;
    const bool pair = example.kind == RowKind::preference;
    return bad_input(
        {.where = example.where(),
         .found = fmt::format("a {} row", row_kind_name(example.kind)),
         .wanted = "rows whose conversation ends with the answer to learn",
         .fix = pair ? "to learn the preferred answers alone: attune data convert --to openai "
                       "--preferred-only"
                     : "attune data convert writes such rows in other formats; training needs a "
                       "conversation with its answer"});
  }
  return {};
}

Result<const KnownFormat*> asked_format(const ReadOptions& options) {
  if (options.row_format.empty()) return nullptr;
  ReadOptions checked;
  ATTUNE_TRY_VOID(set_format(checked, options.row_format));
  return find_known_format(checked.row_format);
}

}  // namespace

std::optional<Format> format_from_name(std::string_view name) {
  if (name == "auto") return Format::automatic;
  if (name == "csv") return Format::csv;
  if (name == "tsv") return Format::tsv;
  if (name == "json") return Format::json;
  if (name == "jsonl") return Format::jsonl;
  if (name == "txt" || name == "lines") return Format::text;
  return std::nullopt;
}

Result<void> set_format(ReadOptions& options, std::string_view value) {
  std::string_view rest = value;
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = trim(rest.substr(0, comma));
    if (const std::optional<Format> format = format_from_name(name)) {
      options.format = *format;
    } else if (find_known_format(name) != nullptr) {
      options.row_format = name;
    } else {
      Json names = Json::object();
      for (const KnownFormat& known : known_formats()) names[std::string(known.name)] = 0;
      return bad_input(
          {.where = "--format",
           .found = fmt::format("\"{}\"{}", quote_for_message(name), suggest_column(name, names)),
           .wanted = "auto, csv, tsv, json, jsonl, lines, or the name of a row "
                     "format, or both: tsv,alpaca",
           .fix = "attune data formats lists the row formats"});
    }
    if (comma == rest.size()) return {};
    rest.remove_prefix(comma + 1);
  }
}

Result<Dataset> read_examples(const Path& path, const ReadOptions& options) {
  ATTUNE_TRY(const TrainingText text, TrainingText::open(path));
  Mapping mapping;
  std::vector<std::string> evidence;
  if (!text.evidence().empty()) evidence.push_back(text.evidence());
  if (options.map.empty() && options.row_format.empty()) {
    ATTUNE_TRY(const std::optional<DatasetInfo> info, find_dataset_info(path, options.dataset));
    if (info) {
      mapping = info->mapping;
      evidence.push_back(fmt::format("columns: by the entry \"{}\" of {}", info->name, info->file));
    }
  }
  ATTUNE_TRY(Dataset dataset, read_mapped_examples(text.text(), text.name(), options, mapping));
  if (text.is_workbook()) dataset.format = "XLSX";
  dataset.evidence.insert(dataset.evidence.begin(), evidence.begin(), evidence.end());
  return dataset;
}

Result<Dataset> read_examples_from_text(std::string_view text, const std::string& source,
                                        const ReadOptions& options) {
  return read_mapped_examples(text, source, options, {});
}

Result<Dataset> read_mapped_examples(std::string_view text, const std::string& source,
                                     const ReadOptions& options, Mapping mapping) {
  if (!options.map.empty()) {
    ATTUNE_TRY(mapping, Mapping::parse(options.map));
  }
  ATTUNE_TRY(const KnownFormat* const format, asked_format(options));
  ATTUNE_TRY(RawRows raw, read_raw_rows(text, source, options));
  RowConverter converter(mapping, format, source);
  ATTUNE_TRY_VOID(converter.check_columns(raw.rows));

  Dataset dataset;
  dataset.format = std::move(raw.format);
  dataset.evidence = std::move(raw.evidence);
  dataset.findings = std::move(raw.findings);
  dataset.rows_read = raw.rows_read;
  std::optional<Error> first_error;
  for (const RawRow& row : raw.rows) {
    Result<std::vector<Example>> examples = converter.convert(row);
    if (!examples) {
      Example unread;
      name_example(unread, row, mapping, source, 1, 1);
      if (!first_error) first_error = examples.error();
      dataset.findings.push_back(dropped_row("row_does_not_fit", examples.error(), unread.id));
      continue;
    }
    dataset.rows_read += static_cast<std::int64_t>(examples->size()) - 1;
    for (std::size_t i = 0; i < examples->size(); ++i) {
      Example& example = (*examples)[i];
      name_example(example, row, mapping, source, i + 1, examples->size());
      const bool may_be_graded =
          example.kind == RowKind::reinforcement ||
          (example.kind == RowKind::supervised && !ends_with_answer(example.messages));
      if (options.keep_columns) {
        example.rest = row.columns;
      } else if (options.keep_rest || may_be_graded) {
        example.rest = converter.rest_of(row);
      }
      dataset.examples.push_back(std::move(example));
    }
  }
  if (dataset.examples.empty() && first_error) return Failure(std::move(*first_error));
  if (!options.allow_mixed) ATTUNE_TRY_VOID(converter.check_one_format());
  for (std::string& line : converter.evidence(raw.rows))
    dataset.evidence.push_back(std::move(line));
  if (is_reinforcement_file(dataset.examples)) {
    for (Example& example : dataset.examples) example.kind = RowKind::reinforcement;
    dataset.evidence.push_back(
        "rows: for reinforcement, as none ends with an answer and all have columns for graders");
  }
  if (options.supervised_only) ATTUNE_TRY_VOID(check_supervised(dataset));
  return dataset;
}

}  // namespace attune::data
