// tokenizer.json of a stranger: refused with an error, or a tokenizer whose stream equals the
// whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "text/tokenizer.h"
#include "text/tokenizer_parts.h"

// The bytes up to the first zero are the file, the rest is text to encode.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = input.find('\0');
  const std::string_view file = input.substr(0, cut);
  const std::string_view rest = cut == std::string_view::npos ? file : input.substr(cut + 1);
  const auto tokenizer = attune::text::parse_tokenizer(file, "tokenizer.json");
  if (!tokenizer || tokenizer->size() > 100'000) return 0;
  for (const bool parse_special : {false, true}) {
    const auto ids =
        tokenizer->encode(rest, {.parse_special = parse_special, .add_special = parse_special});
    attune::text::StreamDecoder stream(*tokenizer, {});
    std::string streamed;
    for (const std::int32_t id : ids) streamed += stream.push(id);
    streamed += stream.finish();
    if (streamed != tokenizer->decode(ids, {})) std::abort();
  }
  return 0;
}
