// Examples back out, a row of JSON each: strict OpenAI files for the three training methods, and
// the formats of other tools.
//
//   ATTUNE_TRY(const WrittenRow row, write_row(*find_written_format("sharegpt"), example, {}));
//
// A format that cannot hold what a row says refuses it and names what would be lost; nothing is
// left out in silence. Reading what was written gives the same example again.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/example.h"

namespace attune::data {

struct WriteOptions {
  // Write what the format can hold, and name the rest in WrittenRow::left_out.
  bool lossy = false;
  // A preference row as the conversation with its preferred answer; a labelled row as its
  // conversation when it is good, not at all when it is bad.
  bool preferred_only = false;
};

struct WrittenRow {
  std::optional<std::string>
      text;  // one JSON object without a line end; nothing: not to be written
  std::vector<std::string> left_out;  // what was lost, in words
};

struct WrittenFormat {
  std::string_view name;   // of --to
  std::string_view holds;  // in words, for messages and lists
};

std::span<const WrittenFormat> written_formats();
const WrittenFormat* find_written_format(std::string_view name);

Result<WrittenRow> write_row(const WrittenFormat& format, const Example& example,
                             const WriteOptions& options);

// The row in the OpenAI format of its kind: {"messages"...}, {"input","preferred_output",...}, or
// {"messages", what graders read}. Other kinds keep their messages and what their kind needs under
// the names of TRL.
std::string openai_row(const Example& example);

}  // namespace attune::data
