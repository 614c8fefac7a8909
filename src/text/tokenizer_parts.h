// What a loaded tokenizer holds. For the files of this folder that build it or work with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe_model.h"
#include "text/decoder.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace attune::text {

struct Tokenizer::Parts {
  std::unique_ptr<Normalizer> normalizer;  // null: none
  PreTokenizerPlan pre_tokenizer;
  BpeModel model;
  AddedTokenMatcher raw_matcher;         // added tokens looked for before normalising
  AddedTokenMatcher normalized_matcher;  // and after it
  Decoder decoder;
  std::vector<std::int32_t> tokens_before;  // what the post-processor adds
  std::vector<std::int32_t> tokens_after;

  std::vector<std::string> token_texts;  // by id; "" where there is none
  std::vector<bool> special;             // by id
  std::unordered_map<std::string, std::int32_t> ids;

  std::string bos_token;
  std::string eos_token;
  std::string pad_token;
  std::string chat_template;
};

// What tokenizer.json, or vocab.json with merges.txt, says; then made into Parts.
struct TokenizerDescription {
  std::unique_ptr<Normalizer> normalizer;
  PreTokenizerPlan pre_tokenizer;
  BpeDescription model;
  Decoder decoder;
  std::vector<AddedToken> added_tokens;
  std::vector<std::int32_t> tokens_before;
  std::vector<std::int32_t> tokens_after;
};

Result<TokenizerDescription> describe_tokenizer(const TokenizerJson& tokenizer_json,
                                                std::string_view where);

// Builds a tokenizer from the texts of its files; `config` (tokenizer_config.json) may be null.
Result<Tokenizer> make_tokenizer(TokenizerDescription description, const TokenizerJson& config,
                                 std::string chat_template, std::string_view where);

// The two above for a tokenizer.json in memory.
Result<Tokenizer> parse_tokenizer(std::string_view tokenizer_json, std::string_view where);

}  // namespace attune::text
