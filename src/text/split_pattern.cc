#include "text/split_pattern.h"

#include <array>

#include "text/unicode.h"

namespace attune::text {

namespace {

enum class Kind { letter, number, space, other, end };

struct Seen {
  Kind kind = Kind::end;
  char32_t code = 0;
  std::size_t bytes = 0;
};

Kind kind_of(char32_t code) {
  if (is_letter(code)) return Kind::letter;
  if (is_number(code)) return Kind::number;
  return is_white_space(code) ? Kind::space : Kind::other;
}

// Most text is ASCII, whose kinds are looked up.
constexpr std::array<Kind, 128> kAsciiKinds = [] {
  std::array<Kind, 128> kinds{};
  kinds.fill(Kind::other);
  for (std::size_t i = 0; i < 26; ++i) kinds['a' + i] = kinds['A' + i] = Kind::letter;
  for (std::size_t i = 0; i < 10; ++i) kinds['0' + i] = Kind::number;
  for (std::size_t i = '\t'; i <= '\r'; ++i) kinds[i] = Kind::space;
  kinds[' '] = Kind::space;
  return kinds;
}();

Seen see(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {};
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {kAsciiKinds[byte], byte, 1};
  const Character character = character_at(text, at);
  return {character.valid ? kind_of(character.code) : Kind::other, character.code, character.bytes};
}

std::size_t run_end(std::string_view text, std::size_t at, Kind kind) {
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      if (kAsciiKinds[byte] != kind) return at;
      ++at;
      continue;
    }
    const Seen seen = see(text, at);
    if (seen.kind != kind) return at;
    at += seen.bytes;
  }
  return at;
}

// A run of capitals, or of other letters.
std::size_t letters_end(std::string_view text, std::size_t at, bool capitals) {
  for (Seen seen = see(text, at); seen.kind == Kind::letter && is_upper_case(seen.code) == capitals;
       seen = see(text, at)) {
    at += seen.bytes;
  }
  return at;
}

bool is_line_break(char32_t code) { return code == '\r' || code == '\n'; }

// 's 't 're 've 'm 'll 'd after the apostrophe at text[at]; 0 when there is none. Ignoring case
// includes the long s (U+017F), which folds to s.
std::size_t contraction_end(std::string_view text, std::size_t at, bool ignore_case) {
  const auto letter = [&](std::size_t place) -> char {
    if (place >= text.size()) return 0;
    const char byte = text[place];
    return ignore_case && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
  };
  const char first = letter(at + 1);
  const char second = letter(at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
      (first == 'l' && second == 'l')) {
    return at + 3;
  }
  if (ignore_case && text.substr(at + 1, 2) == "\xC5\xBF") return at + 3;
  return 0;
}

// \s+(?!\S)|\s+ : a run of spaces leaves its last one to the word that follows.
std::size_t spaces_end(std::string_view text, std::size_t at) {
  std::size_t last = at;
  std::size_t end = at;
  for (Seen seen = see(text, end); seen.kind == Kind::space; seen = see(text, end)) {
    last = end;
    end += seen.bytes;
  }
  return end == text.size() || last == at ? end : last;
}

// \s*[\r\n]+ : up to the last line break of a run of spaces; 0 when it has none.
std::size_t line_breaks_end(std::string_view text, std::size_t at) {
  std::size_t end = 0;
  for (Seen seen = see(text, at); seen.kind == Kind::space; seen = see(text, at)) {
    at += seen.bytes;
    if (is_line_break(seen.code)) end = at;
  }
  return end;
}

std::size_t symbols_end(std::string_view text, std::size_t at) {
  at = run_end(text, at, Kind::other);
  while (at < text.size() && is_line_break(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

std::size_t cl100k_word_end(std::string_view text, std::size_t at, int digits) {
  const Seen first = see(text, at);
  if (first.code == '\'') {
    if (const std::size_t end = contraction_end(text, at, true)) return end;
  }
  if (first.kind == Kind::letter) return run_end(text, at, Kind::letter);
  if (first.kind == Kind::number) {
    std::size_t end = at + first.bytes;
    for (int more = 1; more < digits; ++more) {
      const Seen next = see(text, end);
      if (next.kind != Kind::number) break;
      end += next.bytes;
    }
    return end;
  }
  const std::size_t after = at + first.bytes;
  const Seen second = see(text, after);
  if (second.kind == Kind::letter && !is_line_break(first.code)) {
    return run_end(text, after, Kind::letter);
  }
  if (first.kind == Kind::other) return symbols_end(text, at);
  if (first.code == ' ' && second.kind == Kind::other) return symbols_end(text, after);
  if (const std::size_t end = line_breaks_end(text, at)) return end;
  return spaces_end(text, at);
}

}  // namespace

std::size_t gpt2_word_end(std::string_view text, std::size_t at) {
  const Seen first = see(text, at);
  if (first.code == '\'') {
    if (const std::size_t end = contraction_end(text, at, false)) return end;
  }
  if (first.kind != Kind::space) return run_end(text, at, first.kind);
  if (first.code == ' ') {
    const Seen second = see(text, at + 1);
    if (second.kind != Kind::space && second.kind != Kind::end) {
      return run_end(text, at + 1, second.kind);
    }
  }
  return spaces_end(text, at);
}

std::size_t llama3_word_end(std::string_view text, std::size_t at) {
  return cl100k_word_end(text, at, 3);
}

std::size_t qwen2_word_end(std::string_view text, std::size_t at) {
  return cl100k_word_end(text, at, 1);
}

std::size_t copying_word_end(std::string_view text, std::size_t at) {
  const Seen first = see(text, at);
  if (first.code == '\'') {
    const std::size_t end = contraction_end(text, at, false);
    if (end != 0 && see(text, end).kind != Kind::letter) return end;
  }
  if (first.kind == Kind::letter) return letters_end(text, letters_end(text, at, true), false);
  if (first.kind == Kind::number) return at + first.bytes;
  if (first.kind == Kind::other) return symbols_end(text, at);
  if (first.code == ' ') {
    const Seen second = see(text, at + 1);
    if (second.kind == Kind::letter && !is_upper_case(second.code))
      return letters_end(text, at + 1, false);
    if (second.kind == Kind::other) return symbols_end(text, at + 1);
  }
  if (const std::size_t end = line_breaks_end(text, at)) return end;
  return spaces_end(text, at);
}

Result<SplitPattern> SplitPattern::from_regex(std::string_view pattern, std::string_view where) {
  if (pattern == kGpt2Pattern) return SplitPattern(Rule(&gpt2_word_end));
  if (pattern == kLlama3Pattern) return SplitPattern(Rule(&llama3_word_end));
  if (pattern == kQwen2Pattern) return SplitPattern(Rule(&qwen2_word_end));
  if (pattern == kCopyingPattern) return SplitPattern(Rule(&copying_word_end));
  ATTUNE_TRY(Regex regex, Regex::compile(pattern, where));
  return SplitPattern(Rule(std::move(regex)));
}

SplitPattern SplitPattern::from_string(std::string_view literal) {
  return SplitPattern(Rule(std::string(literal)));
}

void SplitPattern::for_each_match(std::string_view text,
                                  const std::function<void(Match)>& found) const {
  if (const auto* word_end = std::get_if<WordEnd>(&rule_)) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = (*word_end)(text, at);
      found({at, end});
      at = end;
    }
  } else if (const auto* literal = std::get_if<std::string>(&rule_)) {
    if (literal->empty()) return;
    for (std::size_t at = text.find(*literal); at != std::string_view::npos;
         at = text.find(*literal, at + literal->size())) {
      found({at, at + literal->size()});
    }
  } else {
    Regex::Search search(std::get<Regex>(rule_), text);
    while (const auto match = search.next()) found(*match);
  }
}

}  // namespace attune::text
