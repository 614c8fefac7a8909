#include "text/pre_tokenizer.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "text/unicode.h"

namespace attune::text {

namespace {

// What becomes of the text that a pattern matched.
enum class Behavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct Part {
  Match span;
  bool matched;
};

// The whole of `word` as alternating matched and unmatched parts.
template <typename ForEachMatch>
std::vector<Part> parts_of(std::string_view word, bool invert, ForEachMatch for_each_match) {
  std::vector<Part> parts;
  std::size_t at = 0;
  for_each_match(word, [&](Match match) {
    if (match.begin > at) parts.push_back({{at, match.begin}, invert});
    parts.push_back({match, !invert});
    at = match.end;
  });
  if (at < word.size()) parts.push_back({{at, word.size()}, invert});
  return parts;
}

void add_merged_with_next(const std::vector<Part>& parts, std::vector<Match>& spans) {
  const std::size_t first = spans.size();
  bool next_matched = false;
  for (std::size_t i = parts.size(); i-- > 0;) {
    if (parts[i].matched && !next_matched && spans.size() > first) {
      spans.back().begin = parts[i].span.begin;
    } else {
      spans.push_back(parts[i].span);
    }
    next_matched = parts[i].matched;
  }
  std::reverse(spans.begin() + static_cast<std::ptrdiff_t>(first), spans.end());
}

void add_parts(const std::vector<Part>& parts, Behavior behavior, std::vector<Match>& spans) {
  if (behavior == Behavior::merged_with_next) return add_merged_with_next(parts, spans);
  const std::size_t first = spans.size();
  bool last_matched = false;
  for (const Part& part : parts) {
    const bool has_last = spans.size() > first;
    bool merge = false;
    if (behavior == Behavior::removed) {
      if (part.matched) continue;
    } else if (behavior == Behavior::merged_with_previous) {
      merge = part.matched && !last_matched && has_last;
    } else if (behavior == Behavior::contiguous) {
      merge = part.matched == last_matched && has_last;
    }
    last_matched = part.matched;
    if (merge) {
      spans.back().end = part.span.end;
    } else {
      spans.push_back(part.span);
    }
  }
}

// Cuts every word by `for_each_match(word, found)`.
template <typename ForEachMatch>
void split_words(Words& words, Behavior behavior, bool invert, ForEachMatch for_each_match) {
  std::vector<Match> spans;
  spans.reserve(words.spans.size() * 2);
  for (const Match& word : words.spans) {
    const auto text = std::string_view(words.text).substr(word.begin, word.end - word.begin);
    const std::size_t first = spans.size();
    add_parts(parts_of(text, invert, for_each_match), behavior, spans);
    for (std::size_t i = first; i < spans.size(); ++i) {
      spans[i].begin += word.begin;
      spans[i].end += word.begin;
    }
  }
  std::erase_if(spans, [](const Match& span) { return span.begin == span.end; });
  words.spans = std::move(spans);
}

// Cuts every word into the words that `word_end` tells, without gaps.
void cut_words(Words& words, WordEnd word_end) {
  std::vector<Match> spans;
  constexpr std::size_t kUsualLength = 5;  // bytes a word
  spans.reserve(words.spans.size() + words.text.size() / kUsualLength);
  for (const Match& word : words.spans) {
    const auto text = std::string_view(words.text).substr(word.begin, word.end - word.begin);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = word_end(text, at);
      spans.push_back({word.begin + at, word.begin + end});
      at = end;
    }
  }
  words.spans = std::move(spans);
}

class SplitStep final : public PreTokenizer {
 public:
  SplitStep(SplitPattern pattern, Behavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void apply(Words& words, const PieceStart&) const override {
    // All text is matched, so nothing is between the matches.
    const WordEnd word_end = pattern_.word_end();
    if (word_end != nullptr && behavior_ == Behavior::isolated && !invert_)
      return cut_words(words, word_end);
    split_words(words, behavior_, invert_, [this](std::string_view word, const auto& found) {
      pattern_.for_each_match(word, found);
    });
  }

 private:
  SplitPattern pattern_;
  Behavior behavior_;
  bool invert_;
};

// Each character that `test` accepts is a match.
class CharacterSplit final : public PreTokenizer {
 public:
  using Test = bool (*)(char32_t);
  CharacterSplit(Test test, Behavior behavior) : test_(test), behavior_(behavior) {}

  void apply(Words& words, const PieceStart&) const override {
    split_words(words, behavior_, false, [this](std::string_view word, const auto& found) {
      for (std::size_t at = 0; at < word.size();) {
        const Character character = character_at(word, at);
        if (character.valid && test_(character.code)) found(Match{at, at + character.bytes});
        at += character.bytes;
      }
    });
  }

 private:
  Test test_;
  Behavior behavior_;
};

// Rebuilds the text, letting `rewrite(out, word, index)` write each word.
template <typename Rewrite>
void rewrite_words(Words& words, Rewrite rewrite) {
  Words out;
  out.text.reserve(words.text.size() + words.spans.size());
  for (std::size_t i = 0; i < words.spans.size(); ++i) {
    const std::size_t begin = out.text.size();
    rewrite(out.text, words[i], i);
    out.spans.push_back({begin, out.text.size()});
  }
  words = std::move(out);
}

class ByteLevelStep final : public PreTokenizer {
 public:
  ByteLevelStep(bool add_prefix_space, bool use_regex)
      : add_prefix_space_(add_prefix_space), use_regex_(use_regex) {}

  void apply(Words& words, const PieceStart& start) const override {
    if (add_prefix_space_) {
      rewrite_words(words, [&](std::string& out, std::string_view word, std::size_t index) {
        if ((index > 0 || start.of_run) && !word.starts_with(' ')) out.push_back(' ');
        out.append(word);
      });
    }
    if (use_regex_) cut_words(words, gpt2_word_end);
  }

 private:
  bool add_prefix_space_;
  bool use_regex_;
};

enum class PrefixScheme { always, first, never };

class MetaspaceStep final : public PreTokenizer {
 public:
  MetaspaceStep(std::string replacement, PrefixScheme scheme, bool split)
      : replacement_(std::move(replacement)), scheme_(scheme), split_(split) {}

  void apply(Words& words, const PieceStart& start) const override {
    rewrite_words(words, [&](std::string& out, std::string_view word, std::size_t index) {
      const bool starts = word.starts_with(' ') || word.starts_with(replacement_);
      const bool may_add = scheme_ == PrefixScheme::always
                               ? index > 0 || start.of_run
                               : scheme_ == PrefixScheme::first && index == 0 && start.of_text;
      if (may_add && !starts) out += replacement_;
      for (const char c : word) {
        if (c == ' ') {
          out += replacement_;
        } else {
          out.push_back(c);
        }
      }
    });
    if (!split_) return;
    const SplitPattern pattern = SplitPattern::from_string(replacement_);
    split_words(
        words, Behavior::merged_with_next, false,
        [&](std::string_view word, const auto& found) { pattern.for_each_match(word, found); });
  }

 private:
  std::string replacement_;
  PrefixScheme scheme_;
  bool split_;
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps)
      : steps_(std::move(steps)) {}

  void apply(Words& words, const PieceStart& start) const override {
    for (const auto& step : steps_) step->apply(words, start);
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

Result<Behavior> read_behavior(const TokenizerJson& json, Behavior fallback,
                               std::string_view where) {
  ATTUNE_TRY(const auto name, optional_string_field(json, "behavior", where));
  if (!name) return fallback;
  constexpr std::array<std::pair<std::string_view, Behavior>, 5> kNames{{
      {"Removed", Behavior::removed},
      {"Isolated", Behavior::isolated},
      {"MergedWithPrevious", Behavior::merged_with_previous},
      {"MergedWithNext", Behavior::merged_with_next},
      {"Contiguous", Behavior::contiguous},
  }};
  for (const auto& [known, behavior] : kNames) {
    if (*name == known) return behavior;
  }
  return bad_field(where, "behavior", *name, "one of the five split behaviours");
}

using Step = std::unique_ptr<PreTokenizer>;

Result<Step> read_split(const TokenizerJson& json, std::string_view where) {
  const TokenizerJson* pattern = find_field(json, "pattern");
  if (pattern == nullptr) return bad_field(where, "pattern", "nothing", "a String or a Regex");
  ATTUNE_TRY(const Behavior behavior, read_behavior(json, Behavior::isolated, where));
  ATTUNE_TRY(const bool invert, bool_field(json, "invert", false, where));
  ATTUNE_TRY(const auto literal, optional_string_field(*pattern, "String", where));
  if (literal) {
    return std::make_unique<SplitStep>(SplitPattern::from_string(*literal), behavior, invert);
  }
  ATTUNE_TRY(const std::string regex, string_field(*pattern, "Regex", where));
  ATTUNE_TRY(SplitPattern split, SplitPattern::from_regex(regex, where));
  return std::make_unique<SplitStep>(std::move(split), behavior, invert);
}

Result<Step> read_metaspace(const TokenizerJson& json, std::string_view where) {
  ATTUNE_TRY(auto replacement, optional_string_field(json, "replacement", where));
  ATTUNE_TRY(const auto scheme_name, optional_string_field(json, "prepend_scheme", where));
  ATTUNE_TRY(const bool add_prefix, bool_field(json, "add_prefix_space", true, where));
  ATTUNE_TRY(const bool split, bool_field(json, "split", true, where));
  PrefixScheme scheme = add_prefix ? PrefixScheme::always : PrefixScheme::never;
  if (scheme_name) {
    if (*scheme_name == "always") {
      scheme = PrefixScheme::always;
    } else if (*scheme_name == "first") {
      scheme = PrefixScheme::first;
    } else if (*scheme_name == "never") {
      scheme = PrefixScheme::never;
    } else {
      return bad_field(where, "prepend_scheme", *scheme_name, "always, first or never");
    }
  }
  return std::make_unique<MetaspaceStep>(replacement.value_or("\xE2\x96\x81"), scheme, split);
}

Result<Step> read_step(const TokenizerJson& json, std::string_view where);

Result<Step> read_sequence(const TokenizerJson& json, std::string_view where) {
  const TokenizerJson* list = find_field(json, "pretokenizers");
  if (list == nullptr || !list->is_array()) {
    return bad_field(where, "pretokenizers", "no list", "a list of pre-tokenizers");
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < list->size(); ++i) {
    ATTUNE_TRY(const std::string type, type_field((*list)[i], where));
    if (type == "Sequence" || (type == "ByteLevel" && i + 1 < list->size())) {
      return bad_field(where, "pretokenizers", fmt::format("{} inside the sequence", type),
                       "a flat list in which ByteLevel comes last");
    }
    ATTUNE_TRY(Step step, read_step((*list)[i], where));
    steps.push_back(std::move(step));
  }
  return std::make_unique<PreTokenizerSequence>(std::move(steps));
}

Result<Step> read_step(const TokenizerJson& json, std::string_view where) {
  ATTUNE_TRY(const std::string type, type_field(json, where));
  if (type == "Split") return read_split(json, where);
  if (type == "ByteLevel") {
    ATTUNE_TRY(const bool prefix, bool_field(json, "add_prefix_space", true, where));
    ATTUNE_TRY(const bool use_regex, bool_field(json, "use_regex", true, where));
    return std::make_unique<ByteLevelStep>(prefix, use_regex);
  }
  if (type == "Digits") {
    ATTUNE_TRY(const bool single, bool_field(json, "individual_digits", false, where));
    return std::make_unique<CharacterSplit>(&is_number,
                                            single ? Behavior::isolated : Behavior::contiguous);
  }
  if (type == "Punctuation") {
    ATTUNE_TRY(const Behavior behavior, read_behavior(json, Behavior::isolated, where));
    return std::make_unique<CharacterSplit>(&is_punctuation, behavior);
  }
  if (type == "Whitespace") {
    ATTUNE_TRY(SplitPattern words, SplitPattern::from_regex(R"(\w+|[^\w\s]+)", where));
    return std::make_unique<SplitStep>(std::move(words), Behavior::removed, true);
  }
  if (type == "WhitespaceSplit") {
    return std::make_unique<CharacterSplit>(&is_white_space, Behavior::removed);
  }
  if (type == "Metaspace") return read_metaspace(json, where);
  if (type == "Sequence") return read_sequence(json, where);
  return bad_field(where, "type", fmt::format("the pre-tokenizer {}", type),
                   "Split, ByteLevel, Digits, Punctuation, Whitespace, WhitespaceSplit, Metaspace "
                   "or Sequence");
}

}  // namespace

Result<PreTokenizerPlan> read_pre_tokenizer(const TokenizerJson& json, std::string_view where) {
  ATTUNE_TRY(Step steps, read_step(json, where));
  const TokenizerJson* list = find_field(json, "pretokenizers");
  const TokenizerJson& last = list != nullptr && !list->empty() ? list->back() : json;
  ATTUNE_TRY(const std::string type, type_field(last, where));
  return PreTokenizerPlan{std::move(steps), type == "ByteLevel"};
}

PreTokenizerPlan qwen2_pre_tokenizer() {
  auto split = SplitPattern::from_regex(kQwen2Pattern, "the Qwen2 pattern");
  return {std::make_unique<SplitStep>(std::move(*split), Behavior::isolated, false), true};
}

PreTokenizerPlan gpt2_pre_tokenizer(bool add_prefix_space) {
  return {std::make_unique<ByteLevelStep>(add_prefix_space, true), true};
}

}  // namespace attune::text
