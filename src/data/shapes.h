// The shape of a row: a known format, or a pair of columns whose names say which is the question
// and which the answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/known_formats.h"
#include "data/mapping.h"
#include "io/json.h"

namespace attune::data {

struct RowShape {
  enum class Kind {
    format,  // one of known_formats.h
    pair,    // a question and an answer: prompt/completion, text/label, ...
  };
  Kind kind = Kind::format;
  const KnownFormat* format = nullptr;  // null for two columns by their usual names
  Mapping mapping;

  std::string name() const;  // "openai (messages)", "pair (question, answer)"
};

// The shape of a row, from its columns; nothing when none or more than one pair fits.
std::optional<RowShape> detect_shape(const Json& row);

// The shape that --format names, in this row's spelling of the columns.
RowShape shape_of_format(const KnownFormat& format, const Json& row);

// The row's conversation, not yet checked, with the answer to learn (of a preference row the
// preferred one). The role names are those of the source.
Result<Json> messages_of(const RowShape& shape, const Json& row, const std::string& where);

// A --map line to try for a row that fits no shape, from its own column names.
std::string example_mapping(const Json& row);

}  // namespace attune::data
