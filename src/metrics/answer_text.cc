#include "metrics/answer_text.h"

#include <algorithm>
#include <unordered_map>

#include "metrics/quantity.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"
#include "text/unicode.h"

namespace attune::metrics {

namespace {

// "1,234.50" becomes "1234.5"; numbers that touch letters or further digits stay.
std::string with_plain_numbers(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const bool begins =
        is_ascii_digit(text[at]) &&
        (at == 0 || !(is_ascii_digit(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == ','));
    if (!begins) {
      out += text[at++];
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && (is_ascii_digit(text[end]) ||
                                 ((text[end] == ',' || text[end] == '.') && end + 1 < text.size() &&
                                  is_ascii_digit(text[end + 1])))) {
      ++end;
    }
    std::string number(text.substr(at, end - at));
    const auto read = read_number(number);
    if (read && read->size == number.size()) {
      std::erase(number, ',');
      if (number.find('.') != std::string::npos) {
        number.erase(number.find_last_not_of('0') + 1);
        if (number.back() == '.') number.pop_back();
      }
    }
    out += number;
    at = end;
  }
  return out;
}

// ASCII punctuation goes; a decimal point between digits stays where numbers are kept whole.
std::string without_punctuation(std::string_view text, bool keep_decimal_points) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool mark = static_cast<unsigned char>(c) < 0x80 &&
                      text::is_punctuation(static_cast<char32_t>(static_cast<unsigned char>(c)));
    const bool point = keep_decimal_points && c == '.' && i > 0 && i + 1 < text.size() &&
                       is_ascii_digit(text[i - 1]) && is_ascii_digit(text[i + 1]);
    if (!mark || point) out += c;
  }
  return out;
}

bool is_word_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  const char c = text[at];
  if (static_cast<unsigned char>(c) < 0x80) {
    return is_ascii_letter(c) || is_ascii_digit(c) || c == '_';
  }
  const text::Character character = text::character_at(text, at);
  return character.valid && text::is_word(character.code);
}

// Each whole word a, an or the becomes a space.
std::string without_articles(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool behind_word = false;
  for (std::size_t at = 0; at < text.size();) {
    if (!behind_word && (text[at] == 'a' || text[at] == 't')) {
      const std::string_view rest = text.substr(at);
      const std::size_t size = rest.starts_with("the")  ? 3
                               : rest.starts_with("an") ? 2
                               : rest.starts_with("a")  ? 1
                                                        : 0;
      if (size > 0 && !is_word_at(text, at + size)) {
        out += ' ';
        at += size;
        behind_word = false;
        continue;
      }
    }
    behind_word = is_word_at(text, at);
    const bool ascii = static_cast<unsigned char>(text[at]) < 0x80;
    const std::size_t bytes = ascii ? 1 : text::character_at(text, at).bytes;
    out.append(text, at, bytes);
    at += bytes;
  }
  return out;
}

}  // namespace

std::string normalised_answer(std::string_view text, const AnswerNormalisation& options) {
  std::string plain = options.lower_case ? lower_text(text) : std::string(text);
  if (options.numbers) plain = with_plain_numbers(plain);
  if (options.punctuation) plain = without_punctuation(plain, options.numbers);
  if (options.articles) plain = without_articles(plain);
  return joined(white_space_tokens(plain));
}

bool exact_match(std::string_view answer, std::span<const std::string_view> references,
                 const AnswerNormalisation& options) {
  const std::string plain = normalised_answer(answer, options);
  return std::any_of(references.begin(), references.end(), [&](std::string_view reference) {
    return normalised_answer(reference, options) == plain;
  });
}

std::optional<TokenOverlap> token_overlap(std::string_view answer, std::string_view other,
                                          const AnswerNormalisation& options) {
  const Tokens given = white_space_tokens(normalised_answer(answer, options));
  const Tokens wanted = white_space_tokens(normalised_answer(other, options));
  if (given.empty()) return std::nullopt;
  if (wanted.empty()) return TokenOverlap{};
  std::unordered_map<std::string_view, std::int64_t> left;
  for (const std::string& token : wanted) ++left[token];
  std::int64_t common = 0;
  for (const std::string& token : given) {
    const auto place = left.find(token);
    if (place == left.end() || place->second == 0) continue;
    --place->second;
    ++common;
  }
  const auto same = static_cast<double>(common);
  return TokenOverlap{.precision = same / static_cast<double>(given.size()),
                      .recall = same / static_cast<double>(wanted.size()),
                      .f1 = 2 * same / static_cast<double>(given.size() + wanted.size())};
}

double token_f1(std::string_view answer, std::string_view reference,
                const AnswerNormalisation& options) {
  if (const auto overlap = token_overlap(answer, reference, options)) return overlap->f1;
  return white_space_tokens(normalised_answer(reference, options)).empty() ? 1 : 0;
}

}  // namespace attune::metrics
