// The parameters that chat and completions share, read from a request. Inside the layer only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/fields.h"
#include "wire/sampling.h"

namespace attune::wire {

// All of Sampling but max_tokens, whose names and limits differ.
Sampling read_sampling(Fields& fields);

struct Streaming {
  bool stream = false;
  StreamOptions options = {};
};
Streaming read_streaming(Fields& fields);

// Fields that cannot change an answer of this server: they are checked and have no effect.
void read_hints(Fields& fields);

// A parameter that is refused unless it is absent or null.
void refuse_parameter(Fields& fields, std::string_view name, std::string_view why);

// "prompt" or "input": one text, one list of tokens, or a list of either; at most `most` of them.
// `empty_text` says whether a text may be empty.
using TextOrTokensList = std::vector<std::variant<std::string, std::vector<std::int32_t>>>;
std::optional<TextOrTokensList> read_texts_or_tokens(Fields& fields, std::string_view name,
                                                     std::int64_t most, bool empty_text);

}  // namespace attune::wire
