// Any bytes: refused, or tensors whose views lie inside the file and tile its data.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  const std::span<const std::byte> file = std::as_bytes(std::span(data, size));
  const Result<Safetensors> parsed = Safetensors::parse(file, "fuzz");
  if (!parsed) {
    CHECK(!parsed.error().message().empty(), "an error without words");
    return 0;
  }
  std::size_t covered = 0;
  for (const StoredTensor& tensor : parsed->tensors()) {
    CHECK(parsed->find(tensor.name) == &tensor, "a tensor that cannot be found");
    covered += tensor.bytes.size();
    if (tensor.bytes.empty()) continue;
    CHECK(tensor.bytes.data() >= file.data() && &tensor.bytes.back() <= &file.back(),
          "a view outside the file");
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    static_cast<void>(copy_to_f32(tensor, values).has_value());
  }
  CHECK(covered < size, "views of more bytes than the file has");
  return 0;
}
