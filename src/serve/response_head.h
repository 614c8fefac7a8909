// The head of a response as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http.h"

namespace attune::serve {

struct HeadOptions {
  bool is_1_1 = true;
  bool keep_alive = true;
  std::string_view date = {};                       // "Tue, 24 Nov 2026 10:52:39 GMT"
  std::optional<std::int64_t> content_length = {};  // none: chunked, or until the connection closes
};

// Appends the head with its empty line. Line breaks in a field's value can't end the field.
void append_head(std::string& out, const Response& response, const HeadOptions& options);

std::string_view reason_of(int status);
// The time as a Date field says it.
std::string http_date(std::int64_t unix_seconds);

}  // namespace attune::serve
