// Tokens that stand outside the model: control tokens and words added later. Text is split on them
// before anything else; the longest one that starts leftmost wins.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/marked_text.h"
#include "text/tokenizer_json.h"

namespace attune::text {

struct AddedToken {
  std::int32_t id = 0;
  std::string content = {};
  bool special = false;      // a control token: text that is not trusted can never become it
  bool single_word = false;  // only where no word character touches it
  bool strip_left = false;   // takes the white space before it
  bool strip_right = false;  // and after it
  bool normalized = false;   // looked for after normalising, in its normalised form
};

Result<AddedToken> read_added_token(const TokenizerJson& json, std::int32_t id,
                                    std::string_view where);

// A stretch of text, or a token (id >= 0) in its place.
struct TextOrToken {
  std::int32_t id = -1;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class AddedTokenMatcher {
 public:
  // `spelling` is what is looked for: the content, or its normalised form.
  void add(const AddedToken& token, std::string_view spelling);

  // The whole text in order, without empty stretches.
  std::vector<TextOrToken> split(const MarkedText& text) const;

  bool empty() const { return tokens_.empty(); }

 private:
  struct Node {
    std::map<char, std::size_t> next;
    std::int32_t token = -1;  // index into tokens_
  };
  struct Found {
    std::int32_t token = -1;
    std::size_t end = 0;
  };
  Found longest_at(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::array<bool, 256> starts_{};  // bytes that some token starts with
};

}  // namespace attune::text
