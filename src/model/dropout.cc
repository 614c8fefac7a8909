#include "model/dropout.h"

#include <algorithm>
#include <cmath>

namespace attune::model {

namespace {

constexpr float kSteps = 65536.0f;

std::int64_t bytes_of_row(std::int64_t width) {
  return (width + kernels::kDropoutLanes - 1) / kernels::kDropoutLanes;
}

}  // namespace

// The probability is held as a multiple of 2^-16, and the scale is that of the held value.
DropoutMask::DropoutMask(float probability, std::int64_t width, float* memory)
    : threshold_(
          static_cast<std::uint32_t>(std::lround(std::min(probability * kSteps, kSteps - 1)))),
      scale_(kSteps / (kSteps - static_cast<float>(threshold_))),
      width_(width),
      row_bytes_(bytes_of_row(width)),
      bits_(reinterpret_cast<std::uint8_t*>(memory)) {}

std::int64_t DropoutMask::floats_needed(std::int64_t rows, std::int64_t width) {
  constexpr auto kFloat = static_cast<std::int64_t>(sizeof(float));
  return (rows * bytes_of_row(width) + kFloat - 1) / kFloat;
}

void DropoutMask::draw(const kernels::Kernels& ops, const RandomStream& stream, Range rows) {
  ops.dropout_draw(
      bits_, rows.begin * row_bytes_, rows.end * row_bytes_,
      {.seed = stream.seed, .stream = stream.stream, .step = stream.step, .threshold = threshold_});
}

void DropoutMask::write(const kernels::Kernels& ops, const float* x, float* out, Range rows,
                        bool add) const {
  const std::int64_t first = rows.begin * width_;
  ops.dropout(x + first, bits_ + rows.begin * row_bytes_, scale_, out + first, rows.size(), width_,
              add);
}

void DropoutMask::apply(const kernels::Kernels& ops, const float* x, float* out, Range rows) const {
  write(ops, x, out, rows, false);
}

void DropoutMask::add(const kernels::Kernels& ops, const float* x, float* out, Range rows) const {
  write(ops, x, out, rows, true);
}

}  // namespace attune::model
