// Text to token ids and back, as the model's own tokenizer.json defines it.
//
//   ATTUNE_TRY(Tokenizer tokenizer, Tokenizer::load("models/qwen2.5"));
//   std::vector<int32_t> ids = tokenizer.encode("Hello", {});
//   std::string text = tokenizer.decode(ids, {});
//
// Immutable after loading; every const method may be called from several threads at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace attune::text {

class DecodeStep;

struct EncodeOptions {
  // Turn the text of control tokens ("<|im_end|>") into those tokens. Off by default, so that what
  // a user writes can never become a control token; the template's own text is encoded with it on.
  bool parse_special = false;
  // Let the post-processor add its tokens (BOS and such).
  bool add_special = false;
};

struct DecodeOptions {
  bool skip_special = false;
};

// A stretch of a longer text. A control token is parsed only where all of it stands in stretches
// with parse_special. Sections (a stretch with starts_section begins one) are cut apart after
// normalising: no token crosses their border, and the tokens of a section depend on nothing behind
// it. Inside a section the tokens are those of the joined text.
struct TextSegment {
  std::string text;
  bool parse_special = false;
  bool starts_section = false;
};

struct SectionedTokens {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> sections;  // for each id: how many sections began before or at it
};

class Tokenizer {
 public:
  // A folder with tokenizer.json (or vocab.json and merges.txt) and, if present,
  // tokenizer_config.json; or the path of a tokenizer.json.
  static Result<Tokenizer> load(const std::filesystem::path& path);

  std::vector<std::int32_t> encode(std::string_view text, const EncodeOptions& options) const;
  std::string decode(std::span<const std::int32_t> ids, const DecodeOptions& options) const;

  // The joined text of all segments; the post-processor adds nothing.
  SectionedTokens encode_segments(std::span<const TextSegment> segments) const;

  std::optional<std::int32_t> id_of(std::string_view token) const;  // exact vocabulary entry
  std::string token(std::int32_t id) const;  // vocabulary entry; "" when unknown
  bool is_special(std::int32_t id) const;
  std::int64_t size() const;  // largest id + 1

  // From tokenizer_config.json; empty when it names none.
  const std::string& bos_token() const;
  const std::string& eos_token() const;
  const std::string& pad_token() const;
  // The chat template of tokenizer_config.json or chat_template.jinja beside it; empty when there
  // is none.
  const std::string& chat_template() const;

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  struct Parts;  // defined in tokenizer_parts.h
  explicit Tokenizer(std::unique_ptr<const Parts> parts);
  const Parts& parts() const { return *parts_; }

 private:
  std::unique_ptr<const Parts> parts_;
};

// Decodes a growing sequence piece by piece and never cuts a UTF-8 character: what push() returns,
// joined, and finish() give the same text as Tokenizer::decode of the whole.
class StreamDecoder {
 public:
  StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options);
  std::string push(std::int32_t id);  // the text that became certain, maybe ""
  std::string finish();               // the rest

  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;
  ~StreamDecoder();

 private:
  const Tokenizer* tokenizer_;
  DecodeOptions options_;
  std::vector<std::unique_ptr<DecodeStep>> steps_;  // the decoder's chain at work on this sequence
};

}  // namespace attune::text
