#include "text/words.h"

#include <utility>

#include "text/unicode.h"

namespace attune::text {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] >= 'a' && text[at] <= 'z') {  // the usual case
      word += text[at++];
      continue;
    }
    const Character character = character_at(text, at);
    if (character.valid && is_word(character.code)) {
      if (character.code < 0x80) {
        const char c = text[at];
        word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      } else {
        word += lower_case(character.code);
      }
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
    at += character.bytes;
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

}  // namespace attune::text
