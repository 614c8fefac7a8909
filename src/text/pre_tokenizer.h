// The pre-tokeniser of tokenizer.json: cuts normalised text into words; no token crosses a word's
// bounds.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/marked_text.h"
#include "text/split_pattern.h"
#include "text/tokenizer_json.h"

namespace attune::text {

// A text and its words in order, [begin, end) each.
struct Words {
  std::string text;
  std::vector<Match> spans;

  std::string_view operator[](std::size_t index) const {
    return std::string_view(text).substr(spans[index].begin, spans[index].end - spans[index].begin);
  }
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(Words& words, const PieceStart& start) const = 0;
};

struct PreTokenizerPlan {
  std::unique_ptr<PreTokenizer> steps;  // null: the whole text is one word
  // The last step is ByteLevel: words are bytes, and vocabulary entries are written in the
  // byte-level alphabet.
  bool byte_level = false;
};

// From the "pre_tokenizer" object of tokenizer.json.
Result<PreTokenizerPlan> read_pre_tokenizer(const TokenizerJson& json, std::string_view where);

// Qwen2: its pattern, then bytes. GPT-2: its pattern, then bytes.
PreTokenizerPlan qwen2_pre_tokenizer();
PreTokenizerPlan gpt2_pre_tokenizer(bool add_prefix_space);

}  // namespace attune::text
