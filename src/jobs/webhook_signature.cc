#include "jobs/webhook_signature.h"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace attune::jobs {

namespace {

constexpr std::string_view kPrefix = "whsec_";

std::string to_base64(const unsigned char* bytes, std::size_t size) {
  std::string text((size + 2) / 3 * 4 + 1, '\0');
  const int written =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<std::size_t>(written));
  return text;
}

Failure bad_secret() {
  return bad_input({.where = "webhook secret",
                    .found = "what follows whsec_ is no base64",
                    .wanted = "whsec_ and base64, or any other text",
                    .fix = "let the server choose the secret"});
}

Result<std::string> key_of(std::string_view secret) {
  if (!secret.starts_with(kPrefix)) {
    if (secret.empty()) return bad_secret();
    return std::string(secret);
  }
  std::string text(secret.substr(kPrefix.size()));
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.pop_back();
  // EVP_DecodeBlock takes more than base64: padding anywhere, blanks around.
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() < 2 || text.size() % 4 == 1 ||
      text.find_first_not_of(kAlphabet) != std::string::npos) {
    return bad_secret();
  }
  const std::size_t padding = (4 - text.size() % 4) % 4;  // some tools leave it out
  text.append(padding, '=');
  std::string key(text.size() / 4 * 3, '\0');
  const int written = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()));
  CHECK(written == static_cast<int>(key.size()), "{} bytes of base64 gave {}", text.size(),
        written);
  key.resize(key.size() - padding);  // which EVP_DecodeBlock counts as bytes
  return key;
}

}  // namespace

Result<std::string> sign_webhook(std::string_view secret, std::string_view id,
                                 std::int64_t timestamp, std::string_view body) {
  ATTUNE_TRY(const std::string key, key_of(secret));
  const std::string message = fmt::format("{}.{}.{}", id, timestamp, body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const unsigned char* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                   reinterpret_cast<const unsigned char*>(message.data()),
                                   message.size(), digest.data(), &size);
  CHECK(made != nullptr, "HMAC-SHA256 is part of every OpenSSL");
  return "v1," + to_base64(digest.data(), size);
}

}  // namespace attune::jobs
