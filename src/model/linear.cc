#include "model/linear.h"

#include <cmath>

#include "base/random.h"

namespace attune::model {

namespace {

bool adapts(const Pass& pass, const Linear& linear) {
  if (!linear.lora || !pass.options.use_adapter) return false;
  CHECK(linear.lora->rank <= pass.buffers.max_rank,
        "the workspace was made before the adapter of rank {}", linear.lora->rank);
  return true;
}

float dropout_of(const Pass& pass) { return pass.training ? pass.weights.lora->dropout : 0.0f; }

// Which elements of x [T, K] a linear's dropout keeps. One block of random numbers gives 16 bits to
// each of 8 neighbouring elements of a row: the probability is held to within 2^-17, and the scale
// is that of the held value.
class DropoutMask {
 public:
  DropoutMask(const RandomStream& pass_stream, const Lora& lora, float probability,
              std::int64_t width)
      : stream_{.seed = pass_stream.seed, .stream = lora.dropout_stream, .step = pass_stream.step},
        threshold_(static_cast<std::uint32_t>(std::lround(probability * 65536.0f))),
        scale_(65536.0f / static_cast<float>(65536 - static_cast<std::int64_t>(threshold_))),
        width_(width) {
    CHECK(threshold_ < 65536, "dropout {} keeps nothing", probability);
  }

  // Calls use(index, factor) for each element of a row; factor is 0 or 1 / (1 - probability).
  template <typename Use>
  void for_row(std::int64_t row, Use use) const {
    const std::int64_t blocks = (width_ + 7) / 8;
    for (std::int64_t block = 0; block < blocks; ++block) {
      const auto counter = static_cast<std::uint64_t>(row * blocks + block);
      const PhiloxBlock bits =
          philox({static_cast<std::uint32_t>(stream_.seed),
                  static_cast<std::uint32_t>(stream_.seed >> 32)},
                 {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                  stream_.stream, stream_.step});
      const std::int64_t end = std::min(width_, block * 8 + 8);
      for (std::int64_t i = block * 8; i < end; ++i) {
        const auto lane = static_cast<std::size_t>(i % 8);
        const std::uint32_t draw = (bits[lane / 2] >> (lane % 2 * 16)) & 0xffffu;
        use(row * width_ + i, draw >= threshold_ ? scale_ : 0.0f);
      }
    }
  }

 private:
  RandomStream stream_;
  std::uint32_t threshold_;
  float scale_;
  std::int64_t width_;
};

// dropout(x), or x itself when nothing is dropped.
const float* drop(const Pass& pass, const Linear& linear, const float* x) {
  const float probability = dropout_of(pass);
  if (probability == 0) return x;
  const DropoutMask mask(pass.options.dropout, *linear.lora, probability, linear.inputs());
  float* dropped = pass.buffers.dropped;
  pass.split_rows(pass.tokens, [&](Range rows) {
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      mask.for_row(row, [&](std::int64_t i, float factor) { dropped[i] = x[i] * factor; });
    }
  });
  return dropped;
}

void lora_forward(const Pass& pass, const Linear& linear, const float* x, float* y,
                  float* kept_inner) {
  const Lora& lora = *linear.lora;
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs(), rank = lora.rank;
  CHECK(kept_inner != nullptr || !pass.training,
        "the workspace does not keep what the backward pass needs");
  float* inner = kept_inner != nullptr ? kept_inner : pass.buffers.lora_inner;
  const float* dropped = drop(pass, linear, x);
  pass.product(pass.tokens, rank, inputs, operand(dropped, inputs),
               operand(lora.a.data(), inputs, true), inner, false);
  pass.product(pass.tokens, outputs, rank, operand(inner, rank), operand(lora.b.data(), rank, true),
               y, true, lora.scale);
}

// d_x += mask * (d_inner A)
void add_input_gradient(const Pass& pass, const Linear& linear, const float* d_inner, float* d_x) {
  const Lora& lora = *linear.lora;
  const std::int64_t inputs = linear.inputs(), rank = lora.rank;
  const float probability = dropout_of(pass);
  float* d_dropped = probability == 0 ? d_x : pass.buffers.dropped;
  pass.product(pass.tokens, inputs, rank, operand(d_inner, rank), operand(lora.a.data(), inputs),
               d_dropped, probability == 0);
  if (probability == 0) return;
  const DropoutMask mask(pass.options.dropout, lora, probability, inputs);
  pass.split_rows(pass.tokens, [&](Range rows) {
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      mask.for_row(row, [&](std::int64_t i, float factor) { d_x[i] += d_dropped[i] * factor; });
    }
  });
}

void lora_backward(const Pass& pass, Linear& linear, const float* x, const float* d_y, float* d_x,
                   const float* inner) {
  Lora& lora = *linear.lora;
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs(), rank = lora.rank;
  float* d_inner = pass.buffers.lora_inner;
  pass.product(outputs, rank, pass.tokens, operand(d_y, outputs, true), operand(inner, rank),
               lora.b_gradient.data(), true, lora.scale);
  pass.product(pass.tokens, rank, outputs, operand(d_y, outputs), operand(lora.b.data(), rank),
               d_inner, false, lora.scale);
  const float* dropped = drop(pass, linear, x);
  pass.product(rank, inputs, pass.tokens, operand(d_inner, rank, true), operand(dropped, inputs),
               lora.a_gradient.data(), true);
  if (d_x != nullptr) add_input_gradient(pass, linear, d_inner, d_x);
}

}  // namespace

bool is_trained(const Pass& pass, const Linear& linear) {
  return linear.weight.trained() || adapts(pass, linear);
}

void linear_forward(const Pass& pass, const Linear& linear, const float* x, float* y,
                    float* kept_inner, bool accumulate) {
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs();
  pass.product(pass.tokens, outputs, inputs, operand(x, inputs), linear.weight.operand(true), y,
               accumulate);
  if (linear.bias.present()) {
    pass.split_rows(pass.tokens, [&](Range rows) {
      pass.ops().bias_add(y + rows.begin * outputs, linear.bias.value.data(), rows.size(), outputs);
    });
  }
  if (adapts(pass, linear)) lora_forward(pass, linear, x, y, kept_inner);
}

void linear_backward(const Pass& pass, Linear& linear, const float* x, const float* d_y, float* d_x,
                     const float* kept_inner, bool accumulate) {
  const std::int64_t inputs = linear.inputs(), outputs = linear.outputs();
  if (d_x != nullptr) {
    pass.product(pass.tokens, inputs, outputs, operand(d_y, outputs), linear.weight.operand(false),
                 d_x, accumulate);
  }
  if (adapts(pass, linear)) lora_backward(pass, linear, x, d_y, d_x, kept_inner);
  if (linear.weight.trained()) {
    pass.product(outputs, inputs, pass.tokens, operand(d_y, outputs, true), operand(x, inputs),
                 linear.weight.gradient.data(), true);
  }
  if (linear.bias.trained()) {
    pass.split_rows(outputs, [&](Range columns) {
      pass.ops().column_sum(d_y, linear.bias.gradient.data(), pass.tokens, outputs, columns.begin,
                            columns.end);
    });
  }
}

}  // namespace attune::model
