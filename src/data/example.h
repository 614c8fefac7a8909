// One training row, whatever format it came in. Most rows are supervised: a conversation that ends
// with the answer to learn. The other kinds carry what their training method needs besides.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/json.h"

namespace attune::data {

enum class RowKind {
  supervised,     // messages end with the assistant's answer
  preference,     // messages are the prompt; preferred and non_preferred are two answers to it
  labelled,       // messages with their answer; body is true (good) or false
  reinforcement,  // messages are the prompt; rest is what graders read as item.*
  stepwise,       // messages are the prompt; body is [{"text","label"}], the steps of an answer
  prompt,         // messages are the prompt, and there is no answer
  text,           // body is a text without roles
  segments,       // body is [{"label":true|false,"text"}]: text, and whether it is trained on
  tokens,         // body is {"input_ids","attention_mask"?,"labels"?}
};

// "supervised", "preference", ...
std::string_view row_kind_name(RowKind kind);

struct Example {
  Json messages;          // array of {"role", "content", ...} as the OpenAI chat format has it
  Json tools;             // array, or null
  std::string source;     // the file
  std::int64_t line = 0;  // where the row begins in it
  std::string id;         // the row's own id, else "row 12"
  std::string split;      // the row's own part (train, validation, test), else empty

  RowKind kind = RowKind::supervised;
  Json preferred = nullptr;  // arrays of messages
  Json non_preferred = nullptr;
  Json body = nullptr;                 // by kind, see above
  Json parallel_tool_calls = nullptr;  // true or false, or null where the row does not say
  Json rest = nullptr;  // object: the columns that the format gives no meaning to; kept for
                        // reinforcement rows, and where ReadOptions::keep_rest asks for it
  // How the source wrote what has two forms there, so that it can be written back as it was:
  std::string input = {};   // the end of the last question that stood in a column of its own
  bool plain_text = false;  // prompt and answers were texts, not lists of messages

  std::string where() const;  // "tickets.csv:12"
};

}  // namespace attune::data
