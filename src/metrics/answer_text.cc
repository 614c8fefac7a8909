#include "metrics/answer_text.h"

#include <algorithm>
#include <unordered_map>

#include "metrics/quantity.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"
#include "text/unicode.h"

namespace attune::metrics {

namespace {

// Whether a letter, digit or connector ends at text[end].
bool is_word_before(std::string_view text, std::size_t end) {
  if (end == 0) return false;
  std::size_t begin = end - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0u) == 0x80u) --begin;
  const text::Character character = text::character_at(text, begin);
  return character.valid && text::is_word(character.code);
}

// Whether what ends at text[end] makes a number that begins there a part of a word or of more
// digits: "v" of "v1.10", "gpt-" of "gpt-4.10", "1." of "1.2.3".
bool continues_word(std::string_view text, std::size_t end) {
  if (end == 0) return false;
  const char before = text[end - 1];
  if (before == '.' || before == ',' || is_word_before(text, end)) return true;
  return before == '-' && is_word_before(text, end - 1) && !is_ascii_digit(text[end - 2]);
}

// "1,234.50" becomes "1234.5"; numbers that are a part of a word or of more digits stay.
std::string with_plain_numbers(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const bool point = text[at] == '.' && at + 1 < text.size() && is_ascii_digit(text[at + 1]);
    if (!(is_ascii_digit(text[at]) || point) || continues_word(text, at)) {
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
      if (number.front() == '.') number.insert(0, "0");
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

// A minus at text[at] that belongs to a number behind it, which may have a currency's sign: "-5",
// "(-$5", but not the dash of "3-5", "10%-20%" or "A-5". -0 is 0.
bool is_sign(std::string_view text, std::size_t at) {
  const bool ends_number =
      at > 0 && (std::string_view("%)]}").find(text[at - 1]) != std::string_view::npos ||
                 text.substr(0, at).ends_with("\xC2\xB0"));
  if (is_word_before(text, at) || ends_number) return false;
  std::string_view behind = text.substr(at + 1);
  for (std::string_view currency : {"$", "\xE2\x82\xAC", "\xC2\xA3"}) {
    if (behind.starts_with(currency)) behind.remove_prefix(currency.size());
  }
  if (behind.empty() || !is_ascii_digit(behind.front())) return false;
  const std::size_t end = std::min(behind.find_first_not_of("0123456789.,"), behind.size());
  return behind.substr(0, end).find_first_of("123456789") != std::string_view::npos;
}

// ASCII punctuation goes; where numbers are kept whole, their sign and a decimal point between
// digits stay.
std::string without_punctuation(std::string_view text, bool keep_numbers) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool mark = static_cast<unsigned char>(c) < 0x80 &&
                      text::is_punctuation(static_cast<char32_t>(static_cast<unsigned char>(c)));
    const bool point = keep_numbers && c == '.' && i > 0 && i + 1 < text.size() &&
                       is_ascii_digit(text[i - 1]) && is_ascii_digit(text[i + 1]);
    const bool sign = keep_numbers && c == '-' && is_sign(text, i);
    if (!mark || point || sign) out += c;
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
  if (options.numbers) plain = with_plain_numbers(replaced(plain, kTypesetMinus, "-"));
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
