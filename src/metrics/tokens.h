// The ways of cutting text into tokens that the text measures are defined on. Each is the rule of a
// published measure, so that its numbers can be compared with other people's.
//
//   tokens_13a("Hello, world.")       Hello , world .      BLEU, GLEU, METEOR
//   rouge_tokens("It's running", true)  it s run           ROUGE
//   word_tokens("Größe: 3,5")         größe 3 5            cosine, token F1, K-precision
//
// Text that is not UTF-8 is allowed: a stray byte is a character of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::metrics {

using Tokens = std::vector<std::string>;

// Without the white space at both ends, of the same kinds.
std::string_view without_outer_space(std::string_view text);

// Split at white space (that of Unicode, and the four separators U+001C to U+001F).
Tokens white_space_tokens(std::string_view text);

// The tokeniser of mteval-v13a (NIST), which sacreBLEU calls 13a: four entities are decoded,
// punctuation is set apart, a period or comma is set apart unless digits stand on both sides, a
// dash after a digit is set apart. White space at the end of the text does not count.
Tokens tokens_13a(std::string_view text);

// The tokens of ROUGE as rouge-score cuts them: lower case, everything but a-z and 0-9 is space;
// with `stem`, Porter's stem of words of more than three letters.
Tokens rouge_tokens(std::string_view text, bool stem);

// Lower case, maximal runs of Unicode letters, marks, digits and connectors.
Tokens word_tokens(std::string_view text);

}  // namespace attune::metrics
