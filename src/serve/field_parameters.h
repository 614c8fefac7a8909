// Values of header fields that carry parameters: form-data; name="file"; filename="a.jsonl".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune::serve {

struct FieldValue {
  std::string value;                                            // "form-data", in lower case
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case

  const std::string* find(std::string_view name) const;
};

// None: not well formed, or a parameter appears twice.
std::optional<FieldValue> parse_field_value(std::string_view text);

// UTF-8''na%C3%AFve.jsonl -> naïve.jsonl (RFC 8187). None: another character set, or malformed.
std::optional<std::string> decode_extended_value(std::string_view text);

}  // namespace attune::serve
