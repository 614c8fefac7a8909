#include "metrics/paraphrases.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/ascii.h"
#include "base/trim.h"
#include "io/json.h"
#include "metrics/text_parts.h"

namespace attune::metrics {

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// "I" and "NASA" keep their case: only a letter before a lower-case one changes.
std::string other_case(std::string_view input) {
  std::string text(input);
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    if (!begins_line || !is_lower(text[i + 1])) continue;
    if (is_upper(text[i])) {
      text[i] = static_cast<char>(text[i] - 'A' + 'a');
    } else if (is_lower(text[i])) {
      text[i] = static_cast<char>(text[i] - 'a' + 'A');
    }
  }
  return text;
}

std::string other_ending(std::string_view input) {
  std::string text(trim(input));
  if (text.empty()) return text;
  if (text.back() == '.' || text.back() == '!' || text.back() == '?') {
    text.pop_back();
  } else if (is_ascii_letter(text.back()) || is_ascii_digit(text.back())) {
    text += '.';
  }
  return text;
}

Json reversed(const Json& value) {
  if (value.is_array()) {
    Json result = Json::array();
    for (const Json& element : value) result.push_back(reversed(element));
    return result;
  }
  if (!value.is_object()) return value;
  std::vector<std::string> keys;
  for (const auto& [key, member] : value.items()) keys.push_back(key);
  std::reverse(keys.begin(), keys.end());
  Json result = Json::object();
  for (const std::string& key : keys) result[key] = reversed(value.at(key));
  return result;
}

// "Name: value": up to three words, a colon, a value.
bool is_field_line(std::string_view line) {
  const std::size_t colon = line.find(": ");
  constexpr std::ptrdiff_t kMostSpaces = 2;
  return colon != std::string_view::npos && colon > 0 && colon + 2 < line.size() &&
         std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), ' ') <=
             kMostSpaces;
}

std::optional<std::string> reversed_fields(std::string_view input) {
  std::vector<std::string_view> lines = lines_of(trim(input));
  if (lines.size() < 2 || !std::all_of(lines.begin(), lines.end(), is_field_line)) {
    return std::nullopt;
  }
  std::reverse(lines.begin(), lines.end());
  std::string text;
  for (std::string_view line : lines) {
    if (!text.empty()) text += '\n';
    text += line;
  }
  return text;
}

std::string other_spacing(std::string_view input) {
  std::string text;
  const bool doubled = input.find("\n\n") != std::string_view::npos;
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (input[i] != '\n') {
      text += input[i];
      continue;
    }
    text += doubled ? "\n" : "\n\n";
    while (doubled && i + 1 < input.size() && input[i + 1] == '\n') ++i;
  }
  return text;
}

// The place of a whole word, whatever its letter case, or npos.
std::size_t find_word(std::string_view lower_text, std::string_view word) {
  const auto is_word_character = [](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  for (std::size_t at = lower_text.find(word); at != std::string_view::npos;
       at = lower_text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_word_character(lower_text[at - 1]);
    const bool ends = end == lower_text.size() || !is_word_character(lower_text[end]);
    if (begins && ends) return at;
  }
  return std::string_view::npos;
}

std::optional<std::string> with_synonym(std::string_view input, std::string_view word,
                                        std::string_view synonym) {
  if (word.empty()) return std::nullopt;
  const std::size_t at = find_word(ascii_lower(input), ascii_lower(word));
  if (at == std::string_view::npos) return std::nullopt;
  std::string instead(synonym);
  if (is_upper(input[at]) && !instead.empty() && is_lower(instead[0])) {
    instead[0] = static_cast<char>(instead[0] - 'a' + 'A');
  }
  return std::string(input.substr(0, at)) + instead + std::string(input.substr(at + word.size()));
}

}  // namespace

std::vector<Paraphrase> paraphrases(std::string_view input, const ParaphraseOptions& options) {
  std::vector<Paraphrase> variants;
  const auto add = [&](std::string_view rule, const std::optional<std::string>& text) {
    if (text && *text != input && !trim(*text).empty()) {
      variants.push_back({std::string(rule), *text});
    }
  };
  if (trim(input).empty()) return variants;
  if (const Result<Json> value = parse_json(input, "input"); value && value->is_structured()) {
    add("order", to_text(reversed(*value)));
    const std::string compact = to_text(*value);
    add("spacing", compact == trim(input) ? to_pretty_text(*value) : compact);
    return variants;
  }
  add("case", other_case(input));
  add("punctuation", other_ending(input));
  add("order", reversed_fields(input));
  add("spacing", other_spacing(input));
  for (const auto& [left, right] : options.synonyms) {
    add("synonym", with_synonym(input, left, right));
    add("synonym", with_synonym(input, right, left));
  }
  for (const std::string& frame : options.frames) {
    const std::size_t place = frame.find("{}");
    if (place == std::string::npos) continue;
    add("frame", frame.substr(0, place) + std::string(input) + frame.substr(place + 2));
  }
  return variants;
}

}  // namespace attune::metrics
