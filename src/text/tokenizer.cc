#include "text/tokenizer.h"

#include <utility>

#include "text/tokenizer_parts.h"

namespace attune::text {

namespace {

// Encodes one text, section by section.
class Encoder {
 public:
  explicit Encoder(const Tokenizer::Parts& parts) : parts_(parts) {}

  void add_section(const MarkedText& section) {
    for (const TextOrToken& part : parts_.raw_matcher.split(section)) {
      if (part.id >= 0) {
        add_token(part.id);
      } else {
        MarkedText stretch = section.part(part.begin, part.end);
        add_stretch(stretch);
      }
    }
  }

  std::vector<std::int32_t> ids;

 private:
  void add_token(std::int32_t id) {
    ids.push_back(id);
    start_ = {.of_run = true, .of_text = false};
  }

  void add_stretch(MarkedText& stretch) {
    if (parts_.normalizer != nullptr) parts_.normalizer->apply(stretch, start_);
    for (const TextOrToken& part : parts_.normalized_matcher.split(stretch)) {
      if (part.id >= 0) {
        add_token(part.id);
      } else {
        add_words(stretch.text.substr(part.begin, part.end - part.begin));
      }
    }
  }

  void add_words(std::string text) {
    Words words;
    words.text = std::move(text);
    words.spans.push_back({0, words.text.size()});
    if (parts_.pre_tokenizer.steps != nullptr) parts_.pre_tokenizer.steps->apply(words, start_);
    for (std::size_t i = 0; i < words.spans.size(); ++i) parts_.model.encode(words[i], ids);
    start_ = {.of_run = false, .of_text = false};
  }

  const Tokenizer::Parts& parts_;
  PieceStart start_;
};

std::uint8_t mark_of(bool parse_special) { return parse_special ? kTrusted : std::uint8_t{0}; }

const std::string* text_of(const Tokenizer::Parts& parts, std::int32_t id,
                           const DecodeOptions& options) {
  const auto at = static_cast<std::size_t>(id);
  if (id < 0 || at >= parts.token_texts.size()) return nullptr;
  if (options.skip_special && parts.special[at]) return nullptr;
  const std::string& text = parts.token_texts[at];
  return text.empty() ? nullptr : &text;
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text,
                                            const EncodeOptions& options) const {
  Encoder encoder(*parts_);
  encoder.add_section({.text = std::string(text), .mark = mark_of(options.parse_special)});
  if (options.add_special) {
    encoder.ids.insert(encoder.ids.begin(), parts_->tokens_before.begin(),
                       parts_->tokens_before.end());
    encoder.ids.insert(encoder.ids.end(), parts_->tokens_after.begin(), parts_->tokens_after.end());
  }
  return std::move(encoder.ids);
}

SectionedTokens Tokenizer::encode_segments(std::span<const TextSegment> segments) const {
  Encoder encoder(*parts_);
  SectionedTokens out;
  std::int32_t section = 0;
  MarkedText text;
  const auto close_section = [&] {
    encoder.add_section(text);
    out.sections.resize(encoder.ids.size(), section);
    text = MarkedText();
  };
  for (const TextSegment& segment : segments) {
    if (segment.starts_section) {
      close_section();
      ++section;
    }
    text.append(segment.text, mark_of(segment.parse_special));
  }
  close_section();
  out.ids = std::move(encoder.ids);
  return out;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids,
                              const DecodeOptions& options) const {
  auto steps = parts_->decoder.start();
  std::string text;
  for (const std::int32_t id : ids) {
    if (const std::string* token = text_of(*parts_, id, options)) {
      text += run_decode_steps(steps, token);
    }
  }
  return text + run_decode_steps(steps, nullptr);
}

std::optional<std::int32_t> Tokenizer::id_of(std::string_view token) const {
  const auto found = parts_->ids.find(std::string(token));
  if (found == parts_->ids.end()) return std::nullopt;
  return found->second;
}

std::string Tokenizer::token(std::int32_t id) const {
  const std::string* text = text_of(*parts_, id, {});
  return text == nullptr ? std::string() : *text;
}

bool Tokenizer::is_special(std::int32_t id) const {
  const auto at = static_cast<std::size_t>(id);
  return id >= 0 && at < parts_->special.size() && parts_->special[at];
}

std::int64_t Tokenizer::size() const {
  return static_cast<std::int64_t>(parts_->token_texts.size());
}
const std::string& Tokenizer::bos_token() const { return parts_->bos_token; }
const std::string& Tokenizer::eos_token() const { return parts_->eos_token; }
const std::string& Tokenizer::pad_token() const { return parts_->pad_token; }
const std::string& Tokenizer::chat_template() const { return parts_->chat_template; }

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options)
    : tokenizer_(&tokenizer), options_(options), steps_(tokenizer.parts().decoder.start()) {}
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;
StreamDecoder::~StreamDecoder() = default;

std::string StreamDecoder::push(std::int32_t id) {
  const std::string* token = text_of(tokenizer_->parts(), id, options_);
  return token == nullptr ? std::string() : run_decode_steps(steps_, token);
}

std::string StreamDecoder::finish() { return run_decode_steps(steps_, nullptr); }

}  // namespace attune::text
