#include "text/normalizer.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "text/split_pattern.h"
#include "text/unicode.h"

namespace attune::text {

namespace {

// Unicode normal forms. Text is cut before every ASCII character, which never joins what stands
// before it, so the parts can be normalised apart and keep their marks.
class FormNormalizer final : public Normalizer {
 public:
  explicit FormNormalizer(NormalForm form) : form_(form) {}

  void apply(MarkedText& text, const PieceStart&) const override {
    const auto is_ascii = [&](std::size_t at) {
      return static_cast<unsigned char>(text.text[at]) < 0x80;
    };
    std::size_t at = 0;
    while (at < text.text.size() && is_ascii(at)) ++at;
    if (at == text.text.size()) return;
    MarkedText out;
    for (at = 0; at < text.text.size();) {
      std::size_t end = at + 1;
      while (end < text.text.size() && !is_ascii(end)) ++end;
      const std::string_view part = std::string_view(text.text).substr(at, end - at);
      if (part.size() == 1 && is_ascii(at)) {
        out.append_part(text, at, end);
      } else {
        const std::string mapped = normal_form(part, form_);
        if (mapped == part) {
          out.append_part(text, at, end);
        } else {
          out.append(mapped, text.joint_mark(at, end));
        }
      }
      at = end;
    }
    text = std::move(out);
  }

 private:
  NormalForm form_;
};

// Rewrites each character on its own.
class CharacterNormalizer final : public Normalizer {
 public:
  using Map = std::string (*)(char32_t);
  explicit CharacterNormalizer(Map map) : map_(map) {}

  void apply(MarkedText& text, const PieceStart&) const override {
    MarkedText out;
    for (std::size_t at = 0; at < text.text.size();) {
      const Character character = character_at(text.text, at);
      const std::size_t end = at + character.bytes;
      if (character.valid) {
        out.append(map_(character.code), text.joint_mark(at, end));
      } else {
        out.append_part(text, at, end);
      }
      at = end;
    }
    text = std::move(out);
  }

 private:
  Map map_;
};

class PrependNormalizer final : public Normalizer {
 public:
  explicit PrependNormalizer(std::string prefix) : prefix_(std::move(prefix)) {}

  void apply(MarkedText& text, const PieceStart& start) const override {
    if (text.text.empty() || !start.of_run) return;
    MarkedText out;
    out.append(prefix_, text.joint_mark(0, 1));
    out.append_part(text, 0, text.text.size());
    text = std::move(out);
  }

 private:
  std::string prefix_;
};

class ReplaceNormalizer final : public Normalizer {
 public:
  ReplaceNormalizer(SplitPattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(MarkedText& text, const PieceStart&) const override {
    MarkedText out;
    std::size_t at = 0;
    pattern_.for_each_match(text.text, [&](Match match) {
      out.append_part(text, at, match.begin);
      out.append(content_, text.joint_mark(match.begin, match.end));
      at = match.end;
    });
    if (at == 0) return;
    out.append_part(text, at, text.text.size());
    text = std::move(out);
  }

 private:
  SplitPattern pattern_;
  std::string content_;
};

class StripNormalizer final : public Normalizer {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}

  void apply(MarkedText& text, const PieceStart&) const override {
    std::size_t begin = text.text.size();
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.text.size();) {
      const Character character = character_at(text.text, at);
      if (!character.valid || !is_white_space(character.code)) {
        begin = std::min(begin, at);
        end = at + character.bytes;
      }
      at += character.bytes;
    }
    if (!left_) begin = 0;
    if (!right_) end = text.text.size();
    MarkedText out;
    if (begin < end) out.append_part(text, begin, end);
    text = std::move(out);
  }

 private:
  bool left_;
  bool right_;
};

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps)
      : steps_(std::move(steps)) {}

  void apply(MarkedText& text, const PieceStart& start) const override {
    for (const auto& step : steps_) step->apply(text, start);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

std::string without_mark(char32_t code) {
  std::string out;
  if (!is_nonspacing_mark(code)) append_utf8(out, code);
  return out;
}

using Made = Result<std::unique_ptr<Normalizer>>;

Made read_replace(const TokenizerJson& json, std::string_view where) {
  const TokenizerJson* pattern = find_field(json, "pattern");
  ATTUNE_TRY(std::string content, string_field(json, "content", where));
  if (pattern == nullptr) return bad_field(where, "pattern", "nothing", "a String or a Regex");
  ATTUNE_TRY(auto literal, optional_string_field(*pattern, "String", where));
  if (literal) {
    return std::make_unique<ReplaceNormalizer>(SplitPattern::from_string(*literal),
                                               std::move(content));
  }
  ATTUNE_TRY(std::string regex, string_field(*pattern, "Regex", where));
  ATTUNE_TRY(SplitPattern split, SplitPattern::from_regex(regex, where));
  return std::make_unique<ReplaceNormalizer>(std::move(split), std::move(content));
}

Made read_sequence(const TokenizerJson& json, std::string_view where) {
  const TokenizerJson* list = find_field(json, "normalizers");
  if (list == nullptr || !list->is_array()) {
    return bad_field(where, "normalizers", "no list", "a list of normalizers");
  }
  std::vector<std::unique_ptr<Normalizer>> steps;
  for (const TokenizerJson& item : *list) {
    ATTUNE_TRY(auto step, read_normalizer(item, where));
    steps.push_back(std::move(step));
  }
  return std::make_unique<NormalizerSequence>(std::move(steps));
}

}  // namespace

std::unique_ptr<Normalizer> nfc_normalizer() {
  return std::make_unique<FormNormalizer>(NormalForm::nfc);
}

Made read_normalizer(const TokenizerJson& json, std::string_view where) {
  ATTUNE_TRY(const std::string type, type_field(json, where));
  if (type == "NFC") return std::make_unique<FormNormalizer>(NormalForm::nfc);
  if (type == "NFD") return std::make_unique<FormNormalizer>(NormalForm::nfd);
  if (type == "NFKC") return std::make_unique<FormNormalizer>(NormalForm::nfkc);
  if (type == "NFKD") return std::make_unique<FormNormalizer>(NormalForm::nfkd);
  if (type == "Lowercase") {
    return std::make_unique<CharacterNormalizer>([](char32_t code) { return lower_case(code); });
  }
  if (type == "StripAccents") return std::make_unique<CharacterNormalizer>(&without_mark);
  if (type == "Prepend") {
    ATTUNE_TRY(std::string prefix, string_field(json, "prepend", where));
    return std::make_unique<PrependNormalizer>(std::move(prefix));
  }
  if (type == "Replace") return read_replace(json, where);
  if (type == "Strip") {
    ATTUNE_TRY(const bool left, bool_field(json, "strip_left", true, where));
    ATTUNE_TRY(const bool right, bool_field(json, "strip_right", true, where));
    return std::make_unique<StripNormalizer>(left, right);
  }
  if (type == "Sequence") return read_sequence(json, where);
  return bad_field(
      where, "type", fmt::format("the normalizer {}", type),
      "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Prepend, Replace, Strip or Sequence");
}

}  // namespace attune::text
