#include "model/dropout.h"

#include <algorithm>
#include <cmath>

namespace attune::model {

namespace {

constexpr std::int64_t kLanes =
    8;  // elements that share a block of 128 random bits, and a byte of the mask
constexpr float kSteps = 65536.0f;

std::int64_t bytes_of_row(std::int64_t width) { return (width + kLanes - 1) / kLanes; }

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

void DropoutMask::draw(const RandomStream& stream, Range rows) {
  const std::array<std::uint32_t, 2> key{static_cast<std::uint32_t>(stream.seed),
                                         static_cast<std::uint32_t>(stream.seed >> 32)};
  for (std::int64_t byte = rows.begin * row_bytes_; byte < rows.end * row_bytes_; ++byte) {
    const auto counter = static_cast<std::uint64_t>(byte);
    const PhiloxBlock random =
        philox(key, {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                     stream.stream, stream.step});
    std::uint32_t kept = 0;
    for (std::size_t word = 0; word < random.size(); ++word) {
      kept |= static_cast<std::uint32_t>((random[word] & 0xffffu) >= threshold_) << (2 * word);
      kept |= static_cast<std::uint32_t>((random[word] >> 16) >= threshold_) << (2 * word + 1);
    }
    bits_[byte] = static_cast<std::uint8_t>(kept);
  }
}

void DropoutMask::apply(const float* x, float* out, Range rows) const {
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    std::fill_n(out + row * width_, width_, 0.0f);
  }
  add(x, out, rows);
}

void DropoutMask::add(const float* x, float* out, Range rows) const {
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    const std::uint8_t* bits = bits_ + row * row_bytes_;
    for (std::int64_t first = 0; first < width_; first += kLanes) {
      const std::uint32_t kept = bits[first / kLanes];
      const std::int64_t lanes = std::min(kLanes, width_ - first), at = row * width_ + first;
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        out[at + lane] += x[at + lane] * (static_cast<float>((kept >> lane) & 1u) * scale_);
      }
    }
  }
}

}  // namespace attune::model
