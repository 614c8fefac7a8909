// Just enough of RFC 3986 for $id and $ref: resolving a reference against a base, and
// percent-decoding.
#pragma once

#include <string>
#include <string_view>

namespace attune::grammar {

// The absolute form of `reference` seen from `base` (RFC 3986, 5.2.2), fragment included.
std::string resolve_uri(std::string_view base, std::string_view reference);

std::string percent_decoded(std::string_view text);

// Splits at the first '#': {before, after}.
struct SplitUri {
  std::string document;
  std::string fragment;
};
SplitUri split_fragment(std::string_view uri);

}  // namespace attune::grammar
