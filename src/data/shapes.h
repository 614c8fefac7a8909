// The shapes in which people keep training rows, and how each becomes messages.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/mapping.h"
#include "io/json.h"

namespace attune::data {

struct RowShape {
  enum class Kind {
    chat,           // {"messages":[{"role","content"}], "tools"?}
    conversations,  // {"conversations":[{"from","value"}], "system"?}
    instruction,    // {"instruction","input"?,"output","system"?,"history"?:[[user,assistant],...]}
    pair,           // two columns with known names: prompt/completion, question/answer, ...
  };
  Kind kind = Kind::chat;
  Mapping mapping;  // for pair

  std::string name() const;  // "chat (messages)", "pair (prompt, completion)"
};

// The shape of a row, from its column names; nothing when none or more than one fits.
std::optional<RowShape> detect_shape(const Json& row);

// The row's messages, not yet checked. The role names are those of the source.
Result<Json> messages_of(const RowShape& shape, const Json& row, const std::string& where);

// The columns that `shape` reads of such a row.
std::vector<std::string> columns_of(const RowShape& shape, const Json& row);

// A --map line to try for a row that fits no shape, from its own column names.
std::string example_mapping(const Json& row);

}  // namespace attune::data
