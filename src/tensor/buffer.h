// Buffer<T>: owned, 64-byte aligned, zero-initialised memory for tensors. Move-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "base/narrow.h"

namespace attune {

inline constexpr std::size_t kTensorAlignment = 64;  // a cache line and a full vector register

template <typename T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::int64_t count)
      : data_(new (std::align_val_t{kTensorAlignment}) T[narrow<std::size_t>(count)]()),
        count_(count) {}

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::int64_t size() const { return count_; }
  std::int64_t bytes() const { return count_ * static_cast<std::int64_t>(sizeof(T)); }
  std::span<T> span() { return {data_.get(), static_cast<std::size_t>(count_)}; }
  std::span<const T> span() const { return {data_.get(), static_cast<std::size_t>(count_)}; }

 private:
  struct Free {
    void operator()(T* pointer) const {
      ::operator delete[](pointer, std::align_val_t{kTensorAlignment});
    }
  };
  std::unique_ptr<T[], Free> data_;
  std::int64_t count_ = 0;
};

}  // namespace attune
