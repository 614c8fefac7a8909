// D045: token ids that were made with another tokenizer than the base's, or with several. A row may
// state its tokenizer by the columns tokenizer, tokenizer_name, tokenizer_fingerprint,
// tokenizer_sha256 or vocab_size; the fingerprint is the SHA-256 of tokenizer.json.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "data/check_place.h"

namespace attune::data {

class TokenizerCheck {
 public:
  // `fingerprint` and `vocabulary` of the base; empty and 0 where none is known.
  TokenizerCheck(std::string fingerprint, std::int64_t vocabulary)
      : fingerprint_(std::move(fingerprint)), vocabulary_(vocabulary) {}

  void add(JsonRef row, RowReporter& reporter);

 private:
  void check_with_base(std::string_view column, JsonRef stated, RowReporter& reporter) const;

  std::string fingerprint_;
  std::int64_t vocabulary_;
  struct Stated {
    std::string text;  // in the first row that states it
    std::int64_t line = 0;
  };
  std::array<Stated, 5> first_ = {};
};

}  // namespace attune::data
