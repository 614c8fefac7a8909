// Takes secrets out of text that goes to a log or into a message: API keys, bearer tokens, webhook
// secrets, passwords in addresses. A safety net: code that knows a value to be secret does not log
// it.
//
//   redact("Authorization: Bearer abc.def")  ->  "Authorization: Bearer [redacted]"
#pragma once

#include <string>
#include <string_view>

namespace attune {

inline constexpr std::string_view kRedacted = "[redacted]";

// What is replaced: what follows "Bearer " or "Basic "; words that begin like a known kind of key
// (sk-, whsec_, hf_ ...); the password of an address; the values of "api_key=", "token=" and the
// like.
std::string redact(std::string_view text);
// True if redact would change the text; for callers in a hurry, to whom most texts are plain.
bool holds_secret(std::string_view text);

// True for names whose values are secret: "authorization", "api-key", "x_secret", "password" ...
bool is_secret_name(std::string_view name);

}  // namespace attune
