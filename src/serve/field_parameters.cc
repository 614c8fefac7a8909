#include "serve/field_parameters.h"

#include <algorithm>

#include "serve/http.h"
#include "serve/router.h"

namespace attune::serve {

namespace {

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower_text(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// Walks over the text of one field.
struct Reader {
  std::string_view text;

  void skip_blanks() {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  }
  bool take(char c) {
    skip_blanks();
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
  // A token, which may hold slashes for media types. Empty: there is none.
  std::string take_token() {
    skip_blanks();
    const auto end = std::find_if_not(text.begin(), text.end(),
                                      [](char c) { return is_token_character(c) || c == '/'; });
    std::string token(text.begin(), end);
    text.remove_prefix(token.size());
    return token;
  }
  // Up to the next semicolon: clients leave out the quotes also where they are needed.
  std::string take_plain() {
    skip_blanks();
    std::string_view value = text.substr(0, text.find(';'));
    text.remove_prefix(value.size());
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    return std::string(value);
  }
  std::optional<std::string> take_quoted() {
    if (!take('"')) return {};
    std::string value;
    while (!text.empty()) {
      char c = text.front();
      text.remove_prefix(1);
      if (c == '"') return value;
      // Only \" and \\ are escapes: some clients send Windows paths as they are.
      if (c == '\\' && !text.empty() && (text.front() == '"' || text.front() == '\\')) {
        c = text.front();
        text.remove_prefix(1);
      }
      value += c;
    }
    return {};
  }
};

}  // namespace

const std::string* FieldValue::find(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::optional<FieldValue> parse_field_value(std::string_view text) {
  Reader reader{text};
  FieldValue field{.value = lower_text(reader.take_token()), .parameters = {}};
  if (field.value.empty()) return {};
  while (reader.take(';')) {
    const std::string name = lower_text(reader.take_token());
    if (name.empty()) {
      reader.skip_blanks();
      if (reader.text.empty()) break;  // a semicolon at the end
      return {};
    }
    if (!reader.take('=') || field.find(name)) return {};
    reader.skip_blanks();
    if (!reader.text.empty() && reader.text.front() == '"') {
      auto value = reader.take_quoted();
      if (!value) return {};
      field.parameters.emplace_back(name, std::move(*value));
    } else {
      std::string value = reader.take_plain();
      if (value.empty() || value.find('"') != std::string::npos) return {};
      field.parameters.emplace_back(name, std::move(value));
    }
  }
  reader.skip_blanks();
  if (!reader.text.empty()) return {};
  return field;
}

std::optional<std::string> decode_extended_value(std::string_view text) {
  const std::size_t first = text.find('\'');
  const std::size_t second = first == text.npos ? text.npos : text.find('\'', first + 1);
  if (second == text.npos || !equal_ignoring_case(text.substr(0, first), "utf-8")) return {};
  return percent_decode(text.substr(second + 1), false);
}

}  // namespace attune::serve
