// The parser that keeps places agrees with the other one about what is JSON and what it says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "io/json_tree.h"
#include "io/text_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (find_invalid_utf8(text) != std::string_view::npos) return 0;
  JsonTree tree;
  const std::optional<JsonFault> fault = tree.parse(text);
  if (fault && fault->at > size) std::abort();
  const bool good = !fault && tree.duplicate_keys().empty();
  const Result<Json> other = parse_json(text, "t");
  // Numbers beyond a double are good JSON that the other cannot hold.
  if (good && !other && text.find_first_of("eE") != std::string_view::npos) return 0;
  if (good != other.has_value()) std::abort();
  if (good && to_json(tree.root()) != *other) std::abort();
  return 0;
}
