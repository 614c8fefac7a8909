// AdamW over a model's trainable tensors, with clipping by the global norm.
//
//   AdamW optimizer(model.parameters(), {.weight_decay = 0.01f});
//   double norm = optimizer.gradient_norm(context, model.parameters());
//   optimizer.step(context, model.parameters(), learning_rate, clip_scale(norm, 1.0));
//
// Numerics: f32 state and arithmetic as torch.optim.AdamW. Tensors are worked on in chunks of fixed
// size, so that results do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "model/model.h"
#include "tensor/buffer.h"

namespace attune::train {

struct AdamWOptions {
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  float weight_decay = 0;  // decoupled; only on parameters with decay == true
};

class AdamW {
 public:
  AdamW(std::span<const model::Parameter> parameters, const AdamWOptions& options);

  // Square root of the sum of squares of all gradients; f32 values, double sums, in the order of
  // the parameters.
  double gradient_norm(const kernels::Context& context,
                       std::span<const model::Parameter> parameters);

  // One update from the gradients, each first multiplied by gradient_scale.
  void step(const kernels::Context& context, std::span<model::Parameter> parameters,
            float learning_rate, float gradient_scale);

  std::int64_t steps_done() const { return steps_done_; }
  void set_steps_done(std::int64_t steps) { steps_done_ = steps; }
  // The moments of parameter i, for checkpoints.
  std::span<float> first_moment(std::size_t i) { return first_[i].span(); }
  std::span<const float> first_moment(std::size_t i) const { return first_[i].span(); }
  std::span<float> second_moment(std::size_t i) { return second_[i].span(); }
  std::span<const float> second_moment(std::size_t i) const { return second_[i].span(); }
  std::int64_t bytes() const;

 private:
  AdamWOptions options_;
  std::int64_t steps_done_ = 0;
  std::vector<Buffer<float>> first_, second_;
  // What one task works on; planned once, so that a step allocates nothing.
  struct Chunk {
    std::size_t parameter;
    std::int64_t begin, count;
  };
  std::vector<Chunk> chunks_;
  std::vector<double> sums_;  // of squares, one a chunk
};

// What to multiply gradients of this norm with so that their norm is at most max_norm; 1 when
// max_norm is 0 (off).
float clip_scale(double norm, double max_norm);

}  // namespace attune::train
