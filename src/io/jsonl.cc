#include "io/jsonl.h"

#include <algorithm>
#include <utility>

#include "io/text_encoding.h"

namespace attune {

JsonlReader::JsonlReader(std::string_view text, std::string where)
    : text_(text), where_(std::move(where)) {
  if (text_.starts_with(kUtf8ByteOrderMark)) at_ = kUtf8ByteOrderMark.size();
}

Result<std::optional<JsonLine>> JsonlReader::next() {
  while (at_ < text_.size()) {
    const std::size_t end = std::min(text_.find_first_of("\r\n", at_), text_.size());
    const std::string_view line = text_.substr(at_, end - at_);
    const bool pair = text_.substr(end).starts_with("\r\n");
    at_ = std::min(end + (pair ? 2 : 1), text_.size());
    ++line_;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    Result<Json> value = parse_json(line, where_, line_);
    if (!value) {
      Error error = std::move(value).error();
      // The commonest cause in JSONL: a record that was written over several lines.
      const bool cut = error.fix == "the file may be cut off";
      if (cut)
        error.fix =
            "in JSONL every record is one line, and a line break in a string is written \\n";
      return Failure(std::move(error));
    }
    return std::optional<JsonLine>(JsonLine{.value = std::move(*value), .line = line_});
  }
  return std::optional<JsonLine>();
}

JsonlContent parse_jsonl(std::string_view text, std::string_view where) {
  JsonlContent content;
  JsonlReader reader(text, std::string(where));
  while (true) {
    Result<std::optional<JsonLine>> line = reader.next();
    if (!line) {
      content.errors.push_back(std::move(line).error());
    } else if (*line) {
      content.rows.push_back(std::move(**line));
    } else {
      return content;
    }
  }
}

}  // namespace attune
