// The ids and texts that the models' own tokenizers give.
#include <random>

#include "shared_files.h"
#include "text/tokenizer.h"

namespace attune::text {
namespace {

struct Family {
  const char* folder;
  const char* vectors;
};

// The vectors of SmolLM2 come from a library that takes only decimal digits (general category Nd)
// for digits. The tokenizers that made the model, and llama.cpp, take every number (N): on two
// texts theirs are the ids to give.
std::vector<std::int32_t> reference_ids(const Family& family, const Json& line) {
  const bool is_smollm = std::string_view(family.folder) == "tokenizers/smollm2";
  if (is_smollm && line["text"] == "ied 4 ½ months") return {885, 216, 36, 216, 16738, 2704};
  if (is_smollm && line["text"] == "½ ⅓ ① ² Ⅷ ٣ ४") {
    return {16738, 216, 173, 223, 237, 216, 173, 235, 250,  216, 19133,
            216,   173, 223, 117, 216, 164, 113, 216, 9310, 120};
  }
  return line["ids"].get<std::vector<std::int32_t>>();
}

class TokenizerVectors : public testing::TestWithParam<Family> {};

TEST_P(TokenizerVectors, EncodeAndDecodeExactly) {
  const auto vectors = shared_folder() / GetParam().vectors;
  ATTUNE_NEEDS_SHARED(vectors);
  const auto tokenizer = Tokenizer::load(shared_folder() / GetParam().folder);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  for (const Json& line : read_json_lines(vectors)) {
    const auto text = line["text"].get<std::string>();
    const auto ids = reference_ids(GetParam(), line);
    EXPECT_EQ(tokenizer->encode(text, {.parse_special = true}), ids) << text;
    if (!line["decoded"].is_null()) {
      // The same text whichever way it was cut.
      EXPECT_EQ(tokenizer->decode(ids, {}), line["decoded"].get<std::string>());
    }
  }
}

TEST_P(TokenizerVectors, StreamEqualsTheWholeForRandomIds) {
  ATTUNE_NEEDS_SHARED(shared_folder() / GetParam().vectors);
  const auto tokenizer = Tokenizer::load(shared_folder() / GetParam().folder);
  ASSERT_TRUE(tokenizer);
  std::mt19937 random(7);
  std::uniform_int_distribution<std::int32_t> any(-3,
                                                  static_cast<std::int32_t>(tokenizer->size()) + 3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(round) % 40);
    for (std::int32_t& id : ids) id = any(random);
    const DecodeOptions options{.skip_special = round % 2 == 0};
    StreamDecoder stream(*tokenizer, options);
    std::string streamed;
    for (const std::int32_t id : ids) streamed += stream.push(id);
    streamed += stream.finish();
    EXPECT_EQ(streamed, tokenizer->decode(ids, options));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, TokenizerVectors,
    testing::Values(Family{"tokenizers/qwen2.5", "tokenizers/qwen2.5/vectors.jsonl"},
                    Family{"tokenizers/smollm2", "tokenizers/smollm2/vectors.jsonl"},
                    Family{"models/tinystories-656k",
                           "models/tinystories-656k/tokenizer_vectors.jsonl"}));

}  // namespace
}  // namespace attune::text
