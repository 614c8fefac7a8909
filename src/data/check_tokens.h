// The checks that need a base model's tokenizer and chat template: D018, D019, D025 to D027, D043.
// A conversation is encoded exactly as training would; what is counted is what would be trained.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "data/check_place.h"
#include "data/distribution.h"
#include "text/chat_format.h"

namespace attune::data {

class TokenCheck {
 public:
  // `longest`: tokens that training reads of a row; 0 for no bound. `format` must outlive this.
  TokenCheck(const text::ChatFormat& format, std::int64_t longest)
      : format_(format), longest_(longest) {}

  // `messages` and `tools` as the row's training would see them; `at` is where a finding points.
  void add(const Json& messages, const Json& tools, JsonRef at, RowReporter& reporter);

  std::vector<Finding> finish(std::string_view source) const;

  Distribution distribution() const { return distribution_of("row", "tokens", sizes_); }

 private:
  struct Place {
    std::int64_t line = 0;
    std::string row;
  };
  struct Seen {
    std::int64_t count = 0;
    Place first;
    void add(const CheckedRow& row);
  };
  void check_borders(const Json& messages, const Json& tools, const text::EncodedChat& encoded,
                     const CheckedRow& row);

  const text::ChatFormat& format_;
  std::int64_t longest_;
  std::int64_t rows_ = 0;
  std::vector<std::uint32_t> sizes_;  // tokens of each row
  std::int64_t tokens_ = 0;
  std::int64_t trained_ = 0;
  std::int64_t cut_ = 0;  // tokens beyond the bound
  std::int64_t most_ = 0;
  std::int64_t characters_ = 0;
  std::int64_t compared_ = 0;      // trained tokens that were looked at one by one
  std::int64_t single_bytes_ = 0;  // of these: parts of a character
  Seen too_long_, no_end_of_turn_, no_prefix_, space_border_;
};

}  // namespace attune::data
