#include "infer/token_text.h"

#include <array>
#include <charconv>

#include "text/byte_level.h"

namespace attune::infer {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The byte of a token such as "<0xE2>".
std::optional<char> fallback_byte(std::string_view entry) {
  if (entry.size() != 6 || !entry.starts_with("<0x") || entry[5] != '>') return std::nullopt;
  unsigned value = 0;
  const auto [end, fault] = std::from_chars(entry.data() + 3, entry.data() + 5, value, 16);
  if (fault != std::errc() || end != entry.data() + 5) return std::nullopt;
  return static_cast<char>(value);
}

}  // namespace

TokenText::TokenText(const text::Tokenizer& tokenizer) : tokenizer_(&tokenizer) {
  for (const char* letter : {"a", "e", "A", "0"}) {
    if (anchor_) break;
    anchor_ = tokenizer.id_of(letter);
  }
  if (anchor_) anchor_text_ = tokenizer.decode({&*anchor_, 1}, {});
}

std::string TokenText::bytes(std::int32_t id) const {
  const std::string entry = tokenizer_->token(id);
  if (entry.empty() || tokenizer_->is_special(id)) return entry;
  std::string text;
  if (anchor_) {
    const std::array ids = {*anchor_, id};
    text = tokenizer_->decode(ids, {});
    text = text.starts_with(anchor_text_) ? text.substr(anchor_text_.size()) : entry;
  } else {
    text = tokenizer_->decode({&id, 1}, {});
  }
  if (text.find(kReplacement) == std::string::npos) return text;
  if (const auto byte = fallback_byte(entry)) return std::string(1, *byte);
  return text::byte_level_bytes(entry).value_or(text);
}

}  // namespace attune::infer
