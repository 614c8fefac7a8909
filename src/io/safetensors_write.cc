#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "io/json.h"
#include "io/safetensors.h"

namespace attune {

namespace {

constexpr std::size_t kLengthBytes = 8;

}  // namespace

Result<void> write_safetensors(const Path& path, std::vector<TensorToWrite> tensors,
                               const std::map<std::string, std::string>& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorToWrite& a, const TensorToWrite& b) {
    return dtype_bytes(a.dtype) != dtype_bytes(b.dtype)
               ? dtype_bytes(a.dtype) > dtype_bytes(b.dtype)
               : a.name < b.name;
  });
  Json header = Json::object();
  auto& members = header.get_ref<Json::object_t&>();
  if (!metadata.empty()) members.emplace_back("__metadata__", metadata);
  std::unordered_set<std::string_view> names;
  std::int64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    std::int64_t bytes = dtype_bytes(tensor.dtype);
    for (const std::int64_t dimension : tensor.shape) bytes *= dimension;
    CHECK(std::cmp_equal(bytes, tensor.bytes.size()), "{}: shape of {} bytes, data of {}",
          tensor.name, bytes, tensor.bytes.size());
    CHECK(names.insert(tensor.name).second && tensor.name != "__metadata__", "tensor name {} twice",
          tensor.name);
    Json entry = Json::object();
    entry["dtype"] = dtype_name(tensor.dtype);
    entry["shape"] = tensor.shape;
    entry["data_offsets"] = {offset, offset + bytes};
    members.emplace_back(tensor.name, std::move(entry));
    offset += bytes;
  }
  std::string text = to_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');

  std::string length(kLengthBytes, '\0');
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length[i] = static_cast<char>((text.size() >> (8 * i)) & 0xFFu);
  ATTUNE_TRY(AtomicFile file, AtomicFile::create(path));
  ATTUNE_TRY_VOID(file.write(length));
  ATTUNE_TRY_VOID(file.write(text));
  for (const TensorToWrite& tensor : tensors) {
    ATTUNE_TRY_VOID(
        file.write({reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()}));
  }
  return file.commit();
}

}  // namespace attune
