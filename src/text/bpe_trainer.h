// Trains a byte-level BPE vocabulary on text and writes it as tokenizer.json, which this and other
// programs load. Words are cut by kCopyingPattern (names alike everywhere, digits single); nothing
// is normalised.
//
//   BpeTrainer trainer({.vocabulary_size = 8192, .special_tokens = {"<|endoftext|>",
//   "<|im_start|>", "<|im_end|>"}}); for (const std::string& document : documents)
//   trainer.add_text(document); ATTUNE_TRY(TrainedBpe trained, trainer.train());
//   ATTUNE_TRY_VOID(write_tokenizer(trained, {.eos_token = "<|im_end|>"}, "out/base"));
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "text/tokenizer.h"

namespace attune::text {

struct BpeTrainerOptions {
  // All entries: special tokens, the 256 bytes, and merges.
  std::int64_t vocabulary_size = 8192;
  std::vector<std::string> special_tokens = {};
  // A pair that occurs less often is never merged, so the vocabulary may stay smaller.
  std::int64_t least_count = 2;
  // Longer words add no merges beyond this many bytes.
  std::int64_t longest_token = 64;
};

// Ids: special tokens in their order, bytes 0 to 255, then merges in order.
struct TrainedBpe {
  std::vector<std::string> special_tokens;
  std::vector<std::string> tokens;  // the bytes of every entry that is not special
  // Indices into tokens, in order of rank. Two merges may make the same token.
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;
};

class BpeTrainer {
 public:
  explicit BpeTrainer(BpeTrainerOptions options);

  // Counts the words of a text. Special tokens in it are cut out first.
  void add_text(std::string_view text);

  // Of equally frequent pairs, the one with the smaller ids is merged first, so the result depends
  // on the texts only.
  Result<TrainedBpe> train() const;

 private:
  BpeTrainerOptions options_;
  std::unordered_map<std::string, std::int64_t> word_counts_;
};

// What tokenizer_config.json says beside the vocabulary. Tokens named here must be special tokens;
// "" is none.
struct TokenizerConfig {
  std::string bos_token = {};
  std::string eos_token = {};
  std::string pad_token = {};
  std::string chat_template = {};
  std::int64_t longest_text = 2048;  // model_max_length
};

// Writes tokenizer.json and tokenizer_config.json into `folder`.
Result<void> write_tokenizer(const TrainedBpe& trained, const TokenizerConfig& config,
                             const std::filesystem::path& folder);

}  // namespace attune::text
