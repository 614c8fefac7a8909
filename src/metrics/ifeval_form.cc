#include <algorithm>
#include <array>

#include "io/json.h"
#include "metrics/ifeval_checks.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"
#include "text/unicode.h"

namespace attune::metrics::ifeval {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_blank(std::string_view text) { return without_outer_space(text).empty(); }

std::vector<std::string_view> split(std::string_view text, std::string_view mark) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(mark);
    parts.push_back(text.substr(0, at));
    if (at == kNone) return parts;
    text.remove_prefix(at + mark.size());
  }
}

std::string_view without(std::string_view text, char left, char right) {
  while (!text.empty() && text.front() == left) text.remove_prefix(1);
  while (!text.empty() && text.back() == right) text.remove_suffix(1);
  return text;
}

// The size of one white space character at text[at], or 0.
std::size_t space_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  const text::Character character = text::character_at(text, at);
  const bool space = character.valid && (text::is_white_space(character.code) ||
                                         (character.code >= 0x1C && character.code <= 0x1F));
  return space ? character.bytes : 0;
}

std::size_t behind_spaces(std::string_view text, std::size_t at) {
  for (std::size_t size = space_at(text, at); size > 0; size = space_at(text, at)) at += size;
  return at;
}

// Behind `part` and at most one white space character, or npos when `part` is not there.
std::size_t behind_part(std::string_view text, std::size_t at, std::string_view part) {
  if (at == kNone || !text.substr(at).starts_with(part)) return kNone;
  at += part.size();
  return at + space_at(text, at);
}

// Line by line, white space (line ends too) and then `mark`, and not a second star.
std::int64_t bullet_lines(std::string_view text, char mark) {
  std::int64_t count = 0;
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t at = behind_spaces(text, line);
    std::size_t end = at;  // the lines up to there are blank
    if (at < text.size() && text[at] == mark) {
      const bool bullet = mark != '*' || (at + 1 < text.size() && text[at + 1] != '*');
      if (bullet) {
        ++count;
        end = at + (mark == '*' ? 2 : 1);
      }
    }
    // The rest of the line is part of the bullet; a line feed right behind the star ends another.
    if (end > text.size()) break;
    const std::size_t feed = text.find('\n', end);
    if (feed == kNone) break;
    line = feed + 1;
  }
  return count;
}

// Stretches between `stars` on one line, with something other than stars and space inside.
std::int64_t starred(std::string_view text, std::string_view stars) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(stars); at != kNone; at = text.find(stars, at)) {
    const std::size_t begin = at + stars.size();
    const std::size_t end = text.find_first_of("*\n", begin);
    if (end == kNone) break;
    if (!text.substr(end).starts_with(stars)) {
      ++at;
      continue;
    }
    count += is_blank(text.substr(begin, end - begin)) ? 0 : 1;
    at = end + stars.size();
  }
  return count;
}

}  // namespace

bool has_paragraphs(std::string_view answer, std::int64_t number) {
  const std::vector<std::string_view> paragraphs = split(answer, "***");
  auto count = static_cast<std::int64_t>(paragraphs.size());
  for (std::size_t i = 0; i < paragraphs.size(); ++i) {
    if (!is_blank(paragraphs[i])) continue;
    if (i != 0 && i + 1 != paragraphs.size()) return false;
    --count;
  }
  return count == number;
}

bool has_paragraph_with_first_word(std::string_view answer, std::int64_t paragraphs,
                                   std::int64_t nth, std::string_view first_word) {
  const std::vector<std::string_view> parts = split(answer, "\n\n");
  const std::int64_t count = std::count_if(parts.begin(), parts.end(),
                                           [](std::string_view part) { return !is_blank(part); });
  if (nth < 1 || nth > count) return false;
  const Tokens words = white_space_tokens(parts[static_cast<std::size_t>(nth - 1)]);
  if (words.empty()) return false;
  std::string_view word = words.front();
  while (word.starts_with('\'')) word.remove_prefix(1);
  while (word.starts_with('"')) word.remove_prefix(1);
  word = word.substr(0, word.find_first_of(".,?!'\""));
  return count == paragraphs && lower_text(word) == lower_text(first_word);
}

bool has_postscript(std::string_view answer, std::string_view marker) {
  const std::string lower = lower_text(answer);
  if (marker != "P.P.S" && marker != "P.S.") {
    return lower.find(lower_text(marker)) != std::string::npos;
  }
  for (std::size_t at = lower.find("p."); at != std::string::npos; at = lower.find("p.", at + 1)) {
    const std::size_t second = behind_part(lower, at, "p.");
    if (marker == "P.S." && second != kNone && lower.compare(second, 2, "s.") == 0) return true;
    if (marker == "P.P.S") {
      const std::size_t third = behind_part(lower, second, "p.");
      if (third != kNone && third < lower.size() && lower[third] == 's') return true;
    }
  }
  return false;
}

bool has_placeholders(std::string_view answer, std::int64_t at_least) {
  std::int64_t count = 0;
  for (std::size_t at = answer.find('['); at != kNone; at = answer.find('[', at)) {
    const std::size_t end = answer.find_first_of("]\n", at);
    if (end == kNone) break;
    count += answer[end] == ']' ? 1 : 0;
    at = end + 1;
  }
  return count >= at_least;
}

bool has_bullets(std::string_view answer, std::int64_t exactly) {
  return bullet_lines(answer, '*') + bullet_lines(answer, '-') == exactly;
}

bool is_constrained_response(std::string_view answer) {
  constexpr std::array<std::string_view, 3> kResponses{"My answer is yes.", "My answer is no.",
                                                       "My answer is maybe."};
  return std::any_of(kResponses.begin(), kResponses.end(),
                     [&](std::string_view response) { return answer.find(response) != kNone; });
}

bool has_highlights(std::string_view answer, std::int64_t at_least) {
  return starred(answer, "*") + starred(answer, "**") >= at_least;
}

bool has_sections(std::string_view answer, std::string_view splitter, std::int64_t at_least) {
  const std::string_view mark = without_outer_space(splitter);
  std::int64_t count = 0;
  for (std::size_t at = answer.find(mark); at != kNone && !mark.empty();
       at = answer.find(mark, at)) {
    const std::size_t number = behind_part(answer, at, mark);
    std::size_t end = number;
    while (end < answer.size() && is_ascii_digit(answer[end])) ++end;
    count += end > number ? 1 : 0;
    at = end > number ? end : at + 1;
  }
  return count >= at_least;
}

bool is_json(std::string_view answer) {
  std::string_view text = without_outer_space(answer);
  for (std::string_view fence : {"```json", "```Json", "```JSON", "```"}) {
    if (text.starts_with(fence)) text.remove_prefix(fence.size());
  }
  if (text.ends_with("```")) text.remove_suffix(3);
  return parse_json(without_outer_space(text), "answer").has_value();
}

bool has_title(std::string_view answer) {
  for (std::string_view line : lines_of(answer)) {
    const std::size_t open = line.find("<<");
    const std::size_t close = line.rfind(">>");
    constexpr std::size_t kLeast = 3;  // "<<" and one character
    if (open == kNone || close == kNone || close < open + kLeast) continue;
    if (!is_blank(without(line.substr(open, close + 2 - open), '<', '>'))) return true;
  }
  return false;
}

bool has_two_responses(std::string_view answer) {
  std::vector<std::string_view> responses;
  const std::vector<std::string_view> parts = split(answer, "******");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!is_blank(parts[i])) {
      responses.push_back(without_outer_space(parts[i]));
    } else if (i != 0 && i + 1 != parts.size()) {
      return false;
    }
  }
  return responses.size() == 2 && responses[0] != responses[1];
}

bool repeats_prompt(std::string_view answer, std::string_view prompt) {
  return lower_text(without_outer_space(answer))
      .starts_with(lower_text(without_outer_space(prompt)));
}

bool ends_with_phrase(std::string_view answer, std::string_view phrase) {
  return lower_text(without(without_outer_space(answer), '"', '"'))
      .ends_with(lower_text(without_outer_space(phrase)));
}

bool is_quoted(std::string_view answer) {
  const std::string_view text = without_outer_space(answer);
  return text.size() > 1 && text.front() == '"' && text.back() == '"';
}

}  // namespace attune::metrics::ifeval
