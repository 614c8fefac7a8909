// The normaliser of tokenizer.json: rewrites text before it is cut into words (Unicode forms, case,
// replacements).
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "text/marked_text.h"
#include "text/tokenizer_json.h"

namespace attune::text {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(MarkedText& text, const PieceStart& start) const = 0;
};

// From the "normalizer" object of tokenizer.json. A kind that is not known is an error that names
// it.
Result<std::unique_ptr<Normalizer>> read_normalizer(const TokenizerJson& json,
                                                    std::string_view where);

std::unique_ptr<Normalizer> nfc_normalizer();

}  // namespace attune::text
