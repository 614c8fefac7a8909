// One spelling for every JSON value, so that equal values compare as equal text: keys sorted,
// numbers by value (1, 1.0 and 1e0 are the same), no spaces. Used for enum, const, uniqueItems and
// for exact match in scoring.
//
//   same_value(parsed_answer, parsed_reference);
#pragma once

#include <cstddef>
#include <string>

#include "io/json.h"

namespace attune::grammar {

std::string canonical_text(const Json& value);
bool same_value(const Json& left, const Json& right);

// The value as JSON text, cut to about `limit` bytes at a character border, for messages.
std::string excerpt(const Json& value, std::size_t limit = 80);
std::string excerpt_of_text(std::string_view text, std::size_t limit = 80);

// One step of a JSON pointer (RFC 6901): "/" and the key with ~ and / escaped.
std::string pointer_step(std::string_view key);

}  // namespace attune::grammar
