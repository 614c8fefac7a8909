#include "wire/ids.h"

#include <array>
#include <cerrno>
#include <cstddef>

#include <sys/random.h>

#include "base/check.h"

namespace attune::wire {

namespace {

// Fills `bytes` from the kernel. getrandom fails only when a signal interrupts it before the pool
// is ready; small reads are never short after that.
void fill_random(std::array<unsigned char, 64>& bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got > 0) {
      filled += static_cast<std::size_t>(got);
    } else {
      CHECK(got < 0 && errno == EINTR, "getrandom: errno {}", errno);
    }
  }
}

}  // namespace

std::string new_id(std::string_view prefix, int characters) {
  constexpr std::string_view kAlphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // Bytes from here on would make the first letters likelier than the last.
  constexpr unsigned kFairBytes = 256 / kAlphabet.size() * kAlphabet.size();
  std::string id(prefix);
  const std::size_t wanted = id.size() + static_cast<std::size_t>(characters < 0 ? 0 : characters);
  id.reserve(wanted);
  while (id.size() < wanted) {
    std::array<unsigned char, 64> bytes;
    fill_random(bytes);
    for (const unsigned char byte : bytes) {
      if (byte < kFairBytes && id.size() < wanted) id.push_back(kAlphabet[byte % kAlphabet.size()]);
    }
  }
  return id;
}

std::string new_model_tag() { return new_id("", 8); }

}  // namespace attune::wire
