// JSONL: one JSON value a line. Each value keeps its line, each bad line is an error with line and
// column.
//
//   JsonlReader reader(text, "train.jsonl");                // one at a time
//   JsonlContent all = parse_jsonl(text, "train.jsonl");    // all good lines and all errors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune {

struct JsonLine {
  Json value;
  std::int64_t line = 0;
};

class JsonlReader {
 public:
  // `text` must outlive the reader.
  JsonlReader(std::string_view text, std::string where);
  // The next value, nothing at the end. Empty lines are skipped. After an error it goes on with the
  // next line.
  Result<std::optional<JsonLine>> next();

 private:
  std::string_view text_;
  std::string where_;
  std::size_t at_ = 0;
  std::int64_t line_ = 0;  // of the text before at_
};

struct JsonlContent {
  std::vector<JsonLine> rows;
  std::vector<Error> errors;
};
JsonlContent parse_jsonl(std::string_view text, std::string_view where);

}  // namespace attune
