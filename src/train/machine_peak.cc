#include "train/machine_peak.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "tensor/buffer.h"

namespace attune::train {

namespace {

struct Shape {
  std::int64_t m, n, k;
};

// A and B together take 128 to 512 KiB as bf16 and twice that as f32: within the second-level
// cache.
constexpr std::array<Shape, 3> kShapes = {{{128, 256, 256}, {192, 384, 384}, {256, 512, 512}}};
constexpr double kSecondsAShape = 0.016;

struct Operands {
  Buffer<float> a, b, c;
  Buffer<bf16> weight;
};

Operands make_operands(const Shape& shape) {
  Operands operands{Buffer<float>(shape.m * shape.k), Buffer<float>(shape.n * shape.k),
                    Buffer<float>(shape.m * shape.n), Buffer<bf16>(shape.n * shape.k)};
  const RandomStream stream{.seed = 1, .stream = stream_id("machine peak")};
  std::uint64_t index = 0;
  for (float& value : operands.a.span()) value = stream.uniform(index++) - 0.5f;
  for (float& value : operands.b.span()) value = stream.uniform(index++) - 0.5f;
  for (std::int64_t i = 0; i < operands.b.size(); ++i) {
    operands.weight.data()[i] = to_bf16(operands.b.data()[i]);
  }
  return operands;
}

kernels::GemmArgs forward_product(const Shape& shape, Operands& operands, kernels::GemmMath math) {
  kernels::GemmArgs args;
  args.m = shape.m;
  args.n = shape.n;
  args.k = shape.k;
  args.a = {.data = operands.a.data(), .stride = shape.k};
  if (math == kernels::GemmMath::bf16) {
    args.b = {.data = operands.weight.data(),
              .stride = shape.k,
              .dtype = Dtype::bf16,
              .transposed = true};
  } else {
    args.b = {.data = operands.b.data(), .stride = shape.k, .transposed = true};
  }
  args.c = operands.c.data();
  args.c_stride = shape.n;
  args.math = math;
  return args;
}

}  // namespace

double measure_machine_peak(const kernels::Context& context, kernels::GemmMath math) {
  const int threads = context.pool().threads();
  double best = 0;
  for (const Shape& shape : kShapes) {
    std::vector<Operands> operands;
    for (int i = 0; i < threads; ++i) operands.push_back(make_operands(shape));
    // Every thread repeats its own product until the time is over; the sum of the threads' best
    // rates counts.
    std::vector<double> rates(static_cast<std::size_t>(threads), 0);
    context.pool().run(threads, [&](std::int64_t task, int worker) {
      kernels::GemmArgs args =
          forward_product(shape, operands[static_cast<std::size_t>(task)], math);
      args.scratch = context.scratch(worker);
      const double flops = 2.0 * static_cast<double>(shape.m * shape.n * shape.k);
      const Stopwatch whole;
      do {
        const Stopwatch one;
        context.ops().gemm(args);
        double& rate = rates[static_cast<std::size_t>(task)];
        rate = std::max(rate, flops / std::max(one.seconds(), 1e-9));
      } while (whole.seconds() < kSecondsAShape);
    });
    double sum = 0;
    for (const double rate : rates) sum += rate;
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace attune::train
