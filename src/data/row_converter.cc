#include "data/row_converter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "data/convert_row.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

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

std::string names_of_columns(const Json& row) {
  std::string names;
  for (const auto& [name, ignored] : row.items()) names += name + '\n';
  return names;
}

// How sure it is that a row is what its columns say.
std::string_view confidence_of(const RowShape& shape) {
  if (shape.format == nullptr) return "likely, by two column names that are usual";
  if (shape.format->recognised == KnownFormat::Recognised::by_columns_alone)
    return "likely, by its only column";
  return "sure, by its columns";
}

}  // namespace

RowConverter::RowConverter(Mapping mapping, const KnownFormat* format, const std::string& source)
    : mapping_(std::move(mapping)), format_(format), source_(source) {}

Result<void> RowConverter::check_columns(const std::vector<RawRow>& rows) const {
  std::set<std::string> optional;
  for (const Mapping::ColumnTarget& target : Mapping::column_targets()) {
    const std::string& column = mapping_.*target.column;
    if (column.ends_with('?')) optional.emplace(column_name(column));
  }
  for (const std::optional<ContentRule>* rule :
       {&mapping_.system, &mapping_.user, &mapping_.assistant, &mapping_.preferred,
        &mapping_.non_preferred}) {
    if (!*rule) continue;
    for (const TemplatePart& part : (*rule)->parts) {
      if (part.optional) optional.insert(part.column);
    }
  }
  for (const std::string& column : mapping_.columns()) {
    const bool known = std::any_of(rows.begin(), rows.end(), [&](const RawRow& row) {
      return find_column(row.columns, column) != nullptr;
    });
    // The columns of an `each` mapping are in the objects of its list.
    if (known || rows.empty() || optional.contains(column) || !mapping_.each.empty()) continue;
    return bad_input({.where = source_,
                      .found = fmt::format("there is no column \"{}\"{}", quote_for_message(column),
                                           suggest_column(column, rows.front().columns)),
                      .wanted = fmt::format("one of {}", list_columns(rows.front().columns)),
                      .fix = "correct --map"});
  }
  return {};
}

Result<const RowShape*> RowConverter::shape_of(const RawRow& row) {
  const std::string names = names_of_columns(row.columns);
  auto known = shapes_.find(names);
  // The same columns may hold other types: a label that is true in one row and a word in the next.
  const bool still =
      known != shapes_.end() && (format_ != nullptr || known->second.format == nullptr ||
                                 has_columns_of(*known->second.format, row.columns));
  if (still) return &known->second;
  if (format_ != nullptr) {
    return &shapes_.insert_or_assign(names, shape_of_format(*format_, row.columns)).first->second;
  }
  std::optional<RowShape> shape = detect_shape(row.columns);
  if (!shape) return fits_no_shape(row, source_);
  return &shapes_.insert_or_assign(names, std::move(*shape)).first->second;
}

void RowConverter::count(const std::string& name, std::string_view confidence, const RawRow& row) {
  Count& counted = counts_[name];
  if (counted.rows++ > 0) return;
  counted.first = name_place(source_, row.line);
  counted.confidence = confidence;
}

Result<std::vector<Example>> RowConverter::convert(const RawRow& row) {
  const std::string where = name_place(source_, row.line);
  const auto use = [&](const Mapping& mapping) {
    for (const std::string& column : mapping.columns())
      used_.insert(
          column.substr(0, row.columns.contains(column) ? column.size() : column.find('.')));
  };
  if (mapping_.has_content()) {
    use(mapping_);
    count("the mapping", "as asked", row);
    return convert_row(mapping_, row.columns, where);
  }
  ATTUNE_TRY(const RowShape* const shape, shape_of(row));
  use(shape->mapping);
  count(shape->name(), format_ != nullptr ? "as asked" : confidence_of(*shape), row);
  Result<std::vector<Example>> examples = convert_row(shape->mapping, row.columns, where);
  if (examples && shape->format != nullptr && shape->format->kind == RowKind::reinforcement) {
    for (Example& example : *examples) example.kind = RowKind::reinforcement;
  }
  return examples;
}

Json RowConverter::rest_of(const RawRow& row) const {
  Json rest = Json::object();
  for (const auto& [column, value] : row.columns.items()) {
    if (!used_.contains(column)) rest[column] = value;
  }
  return rest;
}

Result<void> RowConverter::check_one_format() const {
  if (counts_.size() < 2) return {};
  std::vector<std::string> parts;
  for (const auto& [name, counted] : counts_) {
    parts.push_back(fmt::format("{} row{} of {} (first {})", counted.rows,
                                counted.rows == 1 ? "" : "s", name, counted.first));
  }
  return bad_input({.where = source_,
                    .found = fmt::format("{}", fmt::join(parts, "; ")),
                    .wanted = "rows of one format",
                    .fix = "name the format with --format, divide the file, or read all of them "
                           "with --allow-mixed"});
}

std::vector<std::string> RowConverter::evidence(const std::vector<RawRow>& rows) const {
  std::vector<std::string> lines;
  for (const auto& [name, counted] : counts_) {
    lines.push_back(
        fmt::format("shape: {} rows by {}; {}", counted.rows, name, counted.confidence));
  }
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

}  // namespace attune::data
