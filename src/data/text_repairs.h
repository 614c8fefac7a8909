// The repairs of texts that are only made when they are asked for; see normalisers.h. Each gives
// the text as it is when there is nothing to repair, and changes nothing when it is applied again.
#pragma once

#include <string>
#include <string_view>

namespace attune::data {

// "cafÃ©" becomes "café": runs of characters whose Windows-1252 bytes are UTF-8.
std::string repair_mojibake(std::string_view text);

// <br> and the ends of paragraphs become line breaks; other tags of HTML go. What is no HTML tag,
// such as <answer> or a < b, stays.
std::string without_html_tags(std::string_view text);

// &amp; &#39; &nbsp; ... become the characters.
std::string without_html_entities(std::string_view text);

std::string with_plain_spaces(std::string_view text);  // no-break spaces
std::string with_plain_quotes(std::string_view text);
std::string with_plain_dashes(std::string_view text);
std::string remove_invisible(std::string_view text);
std::string remove_control(std::string_view text);
std::string without_trailing_spaces(std::string_view text);

}  // namespace attune::data
