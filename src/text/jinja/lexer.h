// Cuts a template into tokens: stretches of text between tags, and the words inside tags. White
// space control
// ("-", "+", trim_blocks, lstrip_blocks) is settled here, so the parser never sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::text::jinja {

enum class TokenKind {
  text,            // outside tags
  block_begin,     // {%
  block_end,       // %}
  variable_begin,  // {{
  variable_end,    // }}
  name,
  string,
  integer,
  real,
  symbol,  // operators and brackets
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text = {};  // text and strings: the content; names, numbers and symbols: as written
  int line = 1;
};

// Chat templates are rendered with trim_blocks and lstrip_blocks on: the line break after a block
// tag is dropped, and so is the white space between the start of its line and the tag. Throws
// TemplateError.
std::vector<Token> tokenize_template(std::string_view source);

}  // namespace attune::text::jinja
