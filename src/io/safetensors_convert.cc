// Stored tensors as floats.
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "io/safetensors.h"

namespace attune {

namespace {

template <typename Element, typename Convert>
void convert_elements(std::span<const std::byte> bytes, std::span<float> out, Convert convert) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Element element;
    std::memcpy(&element, bytes.data() + i * sizeof(Element),
                sizeof(Element));  // the bytes may be unaligned
    out[i] = convert(element);
  }
}

}  // namespace

Result<void> copy_to_f32(const StoredTensor& tensor, std::span<float> out) {
  CHECK(std::cmp_equal(out.size(), tensor.elements()), "{}: {} elements into {}", tensor.name,
        tensor.elements(), out.size());
  switch (tensor.dtype) {
    case Dtype::f32:
      if (!out.empty()) std::memcpy(out.data(), tensor.bytes.data(), tensor.bytes.size());
      return {};
    case Dtype::f16:
      convert_elements<f16>(tensor.bytes, out, [](f16 value) { return to_float(value); });
      return {};
    case Dtype::bf16:
      convert_elements<bf16>(tensor.bytes, out, [](bf16 value) { return to_float(value); });
      return {};
    case Dtype::f64:
      convert_elements<double>(tensor.bytes, out,
                               [](double value) { return static_cast<float>(value); });
      return {};
    default:
      return bad_input({.where = fmt::format("tensor \"{}\"", tensor.name),
                        .found = fmt::format("the dtype {}", dtype_name(tensor.dtype)),
                        .wanted = "F32, F16, BF16 or F64",
                        .fix = "use the model in one of these formats"});
  }
}

}  // namespace attune
