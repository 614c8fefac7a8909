// The `format` keyword's checks: date, date-time, time, duration, email, ipv4, ipv6, json-pointer,
// regex, uri, uri-reference, uuid. Each function says whether a text has the form.
#pragma once

#include <string>
#include <string_view>

namespace attune::grammar {

using FormatCheck = bool (*)(std::string_view text);

// The check of that name, or nullptr when the name is not supported.
FormatCheck find_format(std::string_view name);

// "date, date-time, ...", for messages.
std::string supported_formats();

}  // namespace attune::grammar
