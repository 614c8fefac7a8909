// The bytes that single tokens stand for, for answers that list them.
//
//   const TokenText text(tokenizer);
//   text.bytes(id)   // " Gr", or the first two bytes of a euro sign
//
// The tokenizer must outlive it. Any number of threads may use it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "text/tokenizer.h"

namespace attune::infer {

class TokenText {
 public:
  explicit TokenText(const text::Tokenizer& tokenizer);

  // The bytes that the token adds in the middle of a text; a control token's are those of its name.
  std::string bytes(std::int32_t id) const;

 private:
  const text::Tokenizer* tokenizer_;
  // Decoded before the token at hand, because the first token of a text may lose its space.
  std::optional<std::int32_t> anchor_;
  std::string anchor_text_;
};

}  // namespace attune::infer
