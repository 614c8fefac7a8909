#include "text/decoder.h"

#include <memory>
#include <optional>

#include <fmt/format.h>

#include "text/byte_level.h"
#include "text/split_pattern.h"
#include "text/unicode.h"

namespace attune::text {

namespace {

// Tokens are written in the byte-level alphabet; a token that is not (a control token) stands for
// its own bytes.
class ByteLevelDecode final : public DecodeStep {
 public:
  void push(std::string token, std::vector<std::string>& out) override {
    const auto bytes = byte_level_bytes(token);
    waiting_ += bytes ? *bytes : token;
    const std::size_t keep = unfinished_tail(waiting_);
    emit(waiting_.size() - keep, out);
  }
  void finish(std::vector<std::string>& out) override { emit(waiting_.size(), out); }

 private:
  void emit(std::size_t size, std::vector<std::string>& out) {
    if (size == 0) return;
    out.push_back(with_replacements(std::string_view(waiting_).substr(0, size)));
    waiting_.erase(0, size);
  }
  std::string waiting_;
};

// <0x0A> tokens become their bytes. A run of them that is not UTF-8 becomes one U+FFFD a byte, so a
// run is held until it ends.
class ByteFallbackDecode final : public DecodeStep {
 public:
  void push(std::string token, std::vector<std::string>& out) override {
    if (const auto byte = byte_of(token)) {
      run_.push_back(*byte);
      return;
    }
    finish(out);
    out.push_back(std::move(token));
  }
  void finish(std::vector<std::string>& out) override {
    if (run_.empty()) return;
    if (is_valid_utf8(run_)) {
      out.push_back(run_);
    } else {
      for (std::size_t i = 0; i < run_.size(); ++i) out.emplace_back("\xEF\xBF\xBD");
    }
    run_.clear();
  }

 private:
  static std::optional<char> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
    int value = 0;
    for (const char digit : token.substr(3, 2)) {
      const bool is_decimal = digit >= '0' && digit <= '9';
      const int lower = digit | 0x20;
      if (!is_decimal && (lower < 'a' || lower > 'f')) return std::nullopt;
      value = value * 16 + (is_decimal ? digit - '0' : lower - 'a' + 10);
    }
    return static_cast<char>(value);
  }
  std::string run_;
};

class ReplaceDecode final : public DecodeStep {
 public:
  ReplaceDecode(std::shared_ptr<const SplitPattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void push(std::string token, std::vector<std::string>& out) override {
    std::string replaced;
    std::size_t at = 0;
    pattern_->for_each_match(token, [&](Match match) {
      replaced.append(token, at, match.begin - at);
      replaced += content_;
      at = match.end;
    });
    replaced.append(token, at);
    out.push_back(std::move(replaced));
  }
  void finish(std::vector<std::string>&) override {}

 private:
  std::shared_ptr<const SplitPattern> pattern_;
  std::string content_;
};

// Removes up to `start` leading and `stop` trailing copies of one character from each token.
std::string strip(std::string_view token, std::string_view content, std::size_t start,
                  std::size_t stop) {
  for (; start > 0 && token.starts_with(content); --start) token.remove_prefix(content.size());
  for (; stop > 0 && token.ends_with(content); --stop) token.remove_suffix(content.size());
  return std::string(token);
}

class StripDecode final : public DecodeStep {
 public:
  StripDecode(std::string content, std::size_t start, std::size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}
  void push(std::string token, std::vector<std::string>& out) override {
    out.push_back(strip(token, content_, start_, stop_));
  }
  void finish(std::vector<std::string>&) override {}

 private:
  std::string content_;
  std::size_t start_;
  std::size_t stop_;
};

// Strip after Fuse: the whole text is one token. Leading copies go at once; trailing ones are held
// back.
class FusedStripDecode final : public DecodeStep {
 public:
  FusedStripDecode(std::string content, std::size_t start, std::size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}

  void push(std::string token, std::vector<std::string>& out) override {
    waiting_ += token;
    while (start_ > 0 && waiting_.starts_with(content_)) {
      waiting_.erase(0, content_.size());
      --start_;
    }
    // The content is one character, so a shorter start of it is only ever the empty text.
    if (waiting_.empty()) return;
    start_ = 0;
    std::size_t keep = 0;
    for (std::size_t i = 0; i < stop_; ++i) {
      if (!std::string_view(waiting_).substr(0, waiting_.size() - keep).ends_with(content_)) break;
      keep += content_.size();
    }
    if (keep < waiting_.size()) out.push_back(waiting_.substr(0, waiting_.size() - keep));
    waiting_.erase(0, waiting_.size() - keep);
  }
  void finish(std::vector<std::string>& out) override {
    out.push_back(strip(waiting_, content_, 0, stop_));
    waiting_.clear();
  }

 private:
  std::string content_;
  std::size_t start_;
  std::size_t stop_;
  std::string waiting_;
};

// "▁" becomes a space, and in the first token nothing unless `keep_first`.
class MetaspaceDecode final : public DecodeStep {
 public:
  MetaspaceDecode(std::string replacement, bool keep_first)
      : replacement_(std::move(replacement)), drop_(!keep_first) {}

  void push(std::string token, std::vector<std::string>& out) override {
    std::string text;
    for (std::size_t at = 0; at < token.size();) {
      if (token.compare(at, replacement_.size(), replacement_) == 0) {
        if (!drop_) text.push_back(' ');
        at += replacement_.size();
      } else {
        text.push_back(token[at++]);
      }
    }
    drop_ = false;
    out.push_back(std::move(text));
  }
  void finish(std::vector<std::string>&) override {}

 private:
  std::string replacement_;
  bool drop_;
};

// Holds the whole text until its end: what stands after Fuse and can't be done piecewise.
class WholeText final : public DecodeStep {
 public:
  explicit WholeText(std::unique_ptr<DecodeStep> step) : step_(std::move(step)) {}
  void push(std::string token, std::vector<std::string>&) override { text_ += token; }
  void finish(std::vector<std::string>& out) override {
    step_->push(std::move(text_), out);
    step_->finish(out);
  }

 private:
  std::unique_ptr<DecodeStep> step_;
  std::string text_;
};

class SpacesBetween final : public DecodeStep {
 public:
  void push(std::string token, std::vector<std::string>& out) override {
    out.push_back(first_ ? std::move(token) : " " + token);
    first_ = false;
  }
  void finish(std::vector<std::string>&) override {}

 private:
  bool first_ = true;
};

Result<std::size_t> count_field(const TokenizerJson& json, const char* key,
                                std::string_view where) {
  const TokenizerJson* value = find_field(json, key);
  if (value == nullptr) return std::size_t{0};
  if (!value->is_number_integer() || value->get<std::int64_t>() < 0) {
    return bad_field(where, key, value->dump(), "a count");
  }
  return value->get<std::size_t>();
}

Result<Decoder::MakeStep> read_replace(const TokenizerJson& json, std::string_view where) {
  const TokenizerJson* pattern = find_field(json, "pattern");
  if (pattern == nullptr) return bad_field(where, "pattern", "nothing", "a String or a Regex");
  ATTUNE_TRY(const std::string content, string_field(json, "content", where));
  ATTUNE_TRY(const auto literal, optional_string_field(*pattern, "String", where));
  std::shared_ptr<const SplitPattern> shared;
  if (literal) {
    shared = std::make_shared<const SplitPattern>(SplitPattern::from_string(*literal));
  } else {
    ATTUNE_TRY(const std::string regex, string_field(*pattern, "Regex", where));
    ATTUNE_TRY(SplitPattern split, SplitPattern::from_regex(regex, where));
    shared = std::make_shared<const SplitPattern>(std::move(split));
  }
  return Decoder::MakeStep(
      [shared, content] { return std::make_unique<ReplaceDecode>(shared, content); });
}

Result<Decoder::MakeStep> read_strip(const TokenizerJson& json, bool fused,
                                     std::string_view where) {
  ATTUNE_TRY(const std::string content, string_field(json, "content", where));
  ATTUNE_TRY(const std::size_t start, count_field(json, "start", where));
  ATTUNE_TRY(const std::size_t stop, count_field(json, "stop", where));
  if (content.empty() || character_at(content, 0).bytes != content.size()) {
    return bad_field(where, "content", fmt::format("\"{}\"", content), "one character");
  }
  return Decoder::MakeStep([=]() -> std::unique_ptr<DecodeStep> {
    if (fused) return std::make_unique<FusedStripDecode>(content, start, stop);
    return std::make_unique<StripDecode>(content, start, stop);
  });
}

Result<Decoder::MakeStep> read_metaspace(const TokenizerJson& json, std::string_view where) {
  ATTUNE_TRY(const auto replacement, optional_string_field(json, "replacement", where));
  ATTUNE_TRY(const auto scheme, optional_string_field(json, "prepend_scheme", where));
  ATTUNE_TRY(const bool add_prefix, bool_field(json, "add_prefix_space", true, where));
  const std::string mark = replacement.value_or("\xE2\x96\x81");
  if (mark.empty()) return bad_field(where, "replacement", "an empty string", "one character");
  const bool keep_first = scheme ? *scheme == "never" : !add_prefix;
  return Decoder::MakeStep([=] { return std::make_unique<MetaspaceDecode>(mark, keep_first); });
}

template <typename Step>
Decoder::MakeStep maker() {
  return [] { return std::make_unique<Step>(); };
}

// `fused`: a Fuse came before, so the step sees the whole text as one token.
Result<Decoder::MakeStep> read_step(const TokenizerJson& json, bool fused, std::string_view where) {
  ATTUNE_TRY(const std::string type, type_field(json, where));
  if (type == "Strip") return read_strip(json, fused, where);
  Decoder::MakeStep make;
  if (type == "ByteLevel") {
    make = maker<ByteLevelDecode>();
  } else if (type == "ByteFallback") {
    make = maker<ByteFallbackDecode>();
  } else if (type == "Replace") {
    ATTUNE_TRY(make, read_replace(json, where));
  } else if (type == "Metaspace") {
    ATTUNE_TRY(make, read_metaspace(json, where));
  } else {
    return bad_field(where, "type", fmt::format("the decoder {}", type),
                     "ByteLevel, ByteFallback, Replace, Fuse, Strip, Metaspace or Sequence");
  }
  if (!fused) return make;
  return Decoder::MakeStep([make] { return std::make_unique<WholeText>(make()); });
}

}  // namespace

Result<Decoder> Decoder::read(const TokenizerJson& json, std::string_view where) {
  ATTUNE_TRY(const std::string type, type_field(json, where));
  std::vector<const TokenizerJson*> items{&json};
  if (type == "Sequence") {
    const TokenizerJson* list = find_field(json, "decoders");
    if (list == nullptr || !list->is_array()) {
      return bad_field(where, "decoders", "no list", "a list of decoders");
    }
    items.clear();
    for (const TokenizerJson& item : *list) items.push_back(&item);
  }
  Decoder decoder;
  bool fused = false;
  for (const TokenizerJson* item : items) {
    ATTUNE_TRY(const std::string step_type, type_field(*item, where));
    if (step_type == "Fuse") {
      fused = true;
      continue;
    }
    ATTUNE_TRY(MakeStep step, read_step(*item, fused, where));
    decoder.steps_.push_back(std::move(step));
  }
  return decoder;
}

Decoder Decoder::byte_level() {
  Decoder decoder;
  decoder.steps_.push_back(maker<ByteLevelDecode>());
  return decoder;
}

Decoder Decoder::joined_by_spaces() {
  Decoder decoder;
  decoder.steps_.push_back(maker<SpacesBetween>());
  return decoder;
}

std::vector<std::unique_ptr<DecodeStep>> Decoder::start() const {
  std::vector<std::unique_ptr<DecodeStep>> steps;
  steps.reserve(steps_.size());
  for (const MakeStep& make : steps_) steps.push_back(make());
  return steps;
}

std::string run_decode_steps(std::vector<std::unique_ptr<DecodeStep>>& steps,
                             const std::string* token) {
  std::vector<std::string> tokens;
  if (token != nullptr) tokens.push_back(*token);
  for (const auto& step : steps) {
    std::vector<std::string> next;
    for (std::string& item : tokens) step->push(std::move(item), next);
    if (token == nullptr) step->finish(next);
    tokens = std::move(next);
  }
  std::string text;
  for (const std::string& item : tokens) text += item;
  return text;
}

}  // namespace attune::text
