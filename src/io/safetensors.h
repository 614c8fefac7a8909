// safetensors: named tensors in one file, or in shards listed by model.safetensors.index.json.
//
// File: u64 little-endian n | n bytes of JSON,
// {"name":{"dtype","shape","data_offsets":[begin,end]},
// "__metadata__":{string:string}} | data. Offsets count from the start of the data, tile it without
// hole or overlap, and end - begin == product(shape) * size. Every violation is refused with the
// tensor's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "io/file.h"

namespace attune {

struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  // inside the mapped file; not necessarily aligned
  std::int64_t elements() const;
};

class Safetensors {
 public:
  // A .safetensors file, an index.json, or a folder with model.safetensors or its index.
  static Result<Safetensors> open(const Path& path);
  // Parses a header and its data from memory (tests, fuzzing); the bytes must outlive the object.
  static Result<Safetensors> parse(std::span<const std::byte> file, std::string_view where);

  const StoredTensor* find(std::string_view name) const;  // null when absent
  const std::vector<StoredTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::string& where() const { return where_; }

 private:
  std::string where_;
  std::vector<MappedFile> files_;
  std::vector<StoredTensor> tensors_;  // sorted by name
  std::map<std::string, std::string> metadata_;
};

// Copies a tensor as f32 (from F32, F16, BF16 or F64); other types are an error.
Result<void> copy_to_f32(const StoredTensor& tensor, std::span<float> out);

struct TensorToWrite {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

// Sorted by element size (largest first) then name; the header is padded so that the data starts on
// 8 bytes. Atomic.
Result<void> write_safetensors(const Path& path, std::vector<TensorToWrite> tensors,
                               const std::map<std::string, std::string>& metadata);

}  // namespace attune
