// The signature of a webhook, by the Standard Webhooks scheme:
//
//   webhook-signature: v1,base64(HMAC-SHA256(key, id + "." + timestamp + "." + body))
//
// The key is the secret's bytes, or, if it begins with "whsec_", what the rest says in base64.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace attune::jobs {

// The value of webhook-signature. An error if the secret is not well formed.
Result<std::string> sign_webhook(std::string_view secret, std::string_view id,
                                 std::int64_t timestamp, std::string_view body);

}  // namespace attune::jobs
