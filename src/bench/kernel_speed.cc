#include "bench/kernel_speed.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/random.h"
#include "bench/machine.h"
#include "model/activations.h"
#include "tensor/buffer.h"
#include "train/flops.h"

namespace attune::bench {

namespace {

using kernels::GemmOperand;

// Random values in short order: a block of them over and over.
Buffer<float> random_values(std::int64_t count) {
  constexpr std::int64_t kBlock = 65521;
  const RandomStream stream{.seed = 1, .stream = stream_id("kernel operands"), .step = 0};
  Buffer<float> values(count);
  for (std::int64_t i = 0; i < count; ++i) {
    values.data()[i] =
        i < kBlock ? stream.normal(static_cast<std::uint64_t>(i)) : values.data()[i - kBlock];
  }
  return values;
}

struct Bench {
  const kernels::Context& context;
  const model::ArchSpec& spec;
  const KernelSpeedOptions& options;
  const std::function<void(const KernelSpeed&)>& report;

  void time(KernelSpeed speed, const std::function<void()>& work) const {
    speed.seconds = median(time_runs(work, 3, options.seconds));
    report(speed);
  }
  // Work on rows, one contiguous range a thread.
  void time_rows(const std::string& name, std::int64_t rows, std::int64_t width, int streams,
                 const std::function<void(Range)>& work) const {
    time({.group = "rows",
          .name = name,
          .sizes = fmt::format("{} x {}", rows, width),
          .bytes = static_cast<double>(rows * width * streams * 4)},
         [&] { context.pool().split(rows, 8, [&](Range range, int) { work(range); }); });
  }
};

struct Product {
  std::string group, name;
  std::int64_t m, n, k;
  GemmOperand a, b;
};

void time_product(const Bench& bench, const Product& product, float* c) {
  const kernels::GemmArgs args{.m = product.m,
                               .n = product.n,
                               .k = product.k,
                               .a = product.a,
                               .b = product.b,
                               .c = c,
                               .c_stride = product.n,
                               .math = bench.options.math,
                               .scratch = nullptr};
  bench.time(
      {.group = product.group,
       .name = product.name,
       .sizes = fmt::format("{} x {} x {}", product.m, product.n, product.k),
       .flops = 2.0 * static_cast<double>(product.m * product.n) * static_cast<double>(product.k)},
      [&] { kernels::parallel_gemm(bench.context, args); });
}

GemmOperand floats(const Buffer<float>& values, std::int64_t stride, bool transposed = false) {
  return {.data = values.data(), .stride = stride, .dtype = Dtype::f32, .transposed = transposed};
}

struct Linear {
  std::string name;
  std::int64_t inputs, outputs;
};

// The products of one linear: through its weight both ways, and of its weight's gradient.
void time_linear(const Bench& bench, const Linear& linear, std::int64_t tokens) {
  const std::int64_t inputs = linear.inputs, outputs = linear.outputs;
  const Buffer<float> x = random_values(tokens * inputs), d_y = random_values(tokens * outputs);
  const Buffer<float> weight = random_values(outputs * inputs);
  const bool half = bench.options.math == kernels::GemmMath::bf16;
  Buffer<bf16> halves(half ? weight.size() : 0);
  for (std::int64_t i = 0; i < halves.size(); ++i) halves.data()[i] = to_bf16(weight.data()[i]);
  const auto stored = [&](bool transposed) {
    const void* data = half ? static_cast<const void*>(halves.data()) : weight.data();
    return GemmOperand{.data = data,
                       .stride = inputs,
                       .dtype = half ? Dtype::bf16 : Dtype::f32,
                       .transposed = transposed};
  };
  Buffer<float> out(std::max({tokens * outputs, tokens * inputs, outputs * inputs}));
  time_product(bench,
               {"forward", linear.name, tokens, outputs, inputs, floats(x, inputs), stored(true)},
               out.data());
  time_product(
      bench,
      {"backward", linear.name, tokens, inputs, outputs, floats(d_y, outputs), stored(false)},
      out.data());
  time_product(bench,
               {"weight gradient", linear.name, outputs, inputs, tokens, floats(d_y, outputs, true),
                floats(x, inputs)},
               out.data());
}

// The four products of an adapter on one linear and the one into its input's gradient.
void time_adapter(const Bench& bench, const Linear& linear) {
  const std::int64_t tokens = bench.options.tokens, rank = bench.options.rank;
  const std::int64_t inputs = linear.inputs, outputs = linear.outputs;
  const Buffer<float> x = random_values(tokens * inputs), d_y = random_values(tokens * outputs);
  const Buffer<float> inner = random_values(tokens * rank), a = random_values(rank * inputs),
                      b = random_values(outputs * rank);
  Buffer<float> out(std::max(tokens, rank) * std::max({inputs, outputs, rank}));
  const auto time = [&](const char* what, std::int64_t m, std::int64_t n, std::int64_t k,
                        GemmOperand left, GemmOperand right) {
    time_product(bench, {"lora", fmt::format("{} of {}", what, linear.name), m, n, k, left, right},
                 out.data());
  };
  time("u = x A^T", tokens, rank, inputs, floats(x, inputs), floats(a, inputs, true));
  time("y = u B^T", tokens, outputs, rank, floats(inner, rank), floats(b, rank, true));
  time("dB = dy^T u", outputs, rank, tokens, floats(d_y, outputs, true), floats(inner, rank));
  time("du = dy B", tokens, rank, outputs, floats(d_y, outputs), floats(b, rank));
  time("dA = du^T x", rank, inputs, tokens, floats(inner, rank, true), floats(x, inputs));
  time("dx = du A", tokens, inputs, rank, floats(inner, rank), floats(a, inputs));
}

void time_attention(const Bench& bench) {
  const model::ArchSpec& spec = bench.spec;
  const std::int64_t documents = bench.options.documents;
  const std::int64_t length = bench.options.tokens / documents, tokens = length * documents;
  const std::int64_t q_width = spec.q_width(), kv_width = spec.kv_width();
  const std::int64_t group = spec.heads / spec.kv_heads;
  const Buffer<float> q = random_values(tokens * q_width), k = random_values(tokens * kv_width),
                      v = random_values(tokens * kv_width), d_out = random_values(tokens * q_width);
  Buffer<float> out(q.size()), lse(tokens * spec.heads), d_q(q.size()), d_k(k.size()),
      d_v(v.size());
  // One key/value head of one document.
  const auto arguments = [&](std::int64_t task, int worker) {
    const std::int64_t row = task / spec.kv_heads * length, head = task % spec.kv_heads;
    const std::int64_t at_q = row * q_width + head * group * spec.head_dim;
    const std::int64_t at_kv = row * kv_width + head * spec.head_dim;
    const kernels::AttentionArgs forward{
        .queries = length,
        .keys = length,
        .head_dim = spec.head_dim,
        .group = group,
        .scale = 1.0f / std::sqrt(static_cast<float>(spec.head_dim)),
        .window = spec.sliding_window,
        .q = q.data() + at_q,
        .k = k.data() + at_kv,
        .v = v.data() + at_kv,
        .out = out.data() + at_q,
        .lse = lse.data() + row * spec.heads + head * group,
        .q_stride = q_width,
        .kv_stride = kv_width,
        .out_stride = q_width,
        .lse_stride = spec.heads,
        .scratch = bench.context.scratch(worker)};
    return kernels::AttentionGradArgs{.forward = forward,
                                      .d_out = d_out.data() + at_q,
                                      .d_q = d_q.data() + at_q,
                                      .d_k = d_k.data() + at_kv,
                                      .d_v = d_v.data() + at_kv};
  };
  const kernels::Kernels& ops = bench.context.ops();
  const std::int64_t tasks = documents * spec.kv_heads;
  const double product =
      2 * static_cast<double>(documents * train::attention_pairs(length, spec.sliding_window)) *
      static_cast<double>(q_width);  // 2 P Hq D
  const std::string sizes =
      fmt::format("{} x {} tokens, {} heads of {}", documents, length, spec.heads, spec.head_dim);
  bench.time({.group = "attention", .name = "forward", .sizes = sizes, .flops = 2 * product}, [&] {
    bench.context.pool().run(tasks, [&](std::int64_t task, int worker) {
      ops.attention_forward(arguments(task, worker).forward);
    });
  });
  bench.time({.group = "attention", .name = "backward", .sizes = sizes, .flops = 4 * product}, [&] {
    bench.context.pool().run(tasks, [&](std::int64_t task, int worker) {
      ops.attention_backward(arguments(task, worker));
    });
  });
}

void time_norms_and_rotation(const Bench& bench) {
  const kernels::Kernels& ops = bench.context.ops();
  const model::ArchSpec& spec = bench.spec;
  const std::int64_t rows = bench.options.tokens, width = spec.hidden, q_width = spec.q_width();
  const std::int64_t half = spec.head_dim / 2;
  const Buffer<float> x = random_values(rows * width), d_y = random_values(rows * width),
                      weight = random_values(width), turns = random_values(rows * half);
  Buffer<float> y(rows * width), inverse(rows), q = random_values(rows * q_width);
  bench.time_rows("norm forward", rows, width, 2, [&](Range range) {
    const std::int64_t at = range.begin * width;
    ops.rms_norm_forward(x.data() + at, weight.data(), y.data() + at, inverse.data() + range.begin,
                         range.size(), width, spec.norm_epsilon);
  });
  bench.time_rows("norm backward", rows, width, 4, [&](Range range) {
    const std::int64_t at = range.begin * width;
    ops.rms_norm_backward(d_y.data() + at, x.data() + at, weight.data(),
                          inverse.data() + range.begin, y.data() + at, range.size(), width);
  });
  bench.time_rows("rope", rows, q_width, 2, [&](Range range) {
    const float* turn = turns.data() + range.begin * half;
    ops.rope(q.data() + range.begin * q_width, turn, turn, range.size(), spec.heads, spec.head_dim,
             spec.head_dim, false);
  });
}

void time_swiglu(const Bench& bench) {
  const kernels::Kernels& ops = bench.context.ops();
  const std::int64_t rows = bench.options.tokens, width = bench.spec.intermediate;
  const Buffer<float> gate = random_values(rows * width), up = random_values(rows * width),
                      d_out = random_values(rows * width);
  Buffer<float> out(rows * width), d_up(rows * width);
  bench.time_rows("swiglu forward", rows, width, 3, [&](Range range) {
    const std::int64_t at = range.begin * width;
    ops.swiglu_forward(gate.data() + at, up.data() + at, out.data() + at, range.size() * width);
  });
  bench.time_rows("swiglu backward", rows, width, 5, [&](Range range) {
    const std::int64_t at = range.begin * width;
    ops.swiglu_backward(d_out.data() + at, gate.data() + at, up.data() + at, out.data() + at,
                        d_up.data() + at, range.size() * width);
  });
}

void time_loss_and_update(const Bench& bench, std::int64_t head_rows) {
  const kernels::Kernels& ops = bench.context.ops();
  const std::int64_t vocabulary = bench.spec.vocabulary;
  Buffer<float> logits = random_values(head_rows * vocabulary);
  const std::vector<std::int32_t> targets(static_cast<std::size_t>(head_rows), 1);
  const std::vector<float> scale(static_cast<std::size_t>(head_rows), 1.0f);
  std::vector<std::int32_t> best(targets.size());
  std::vector<double> nll(targets.size());
  bench.time_rows("cross-entropy", head_rows, vocabulary, 2, [&](Range range) {
    ops.cross_entropy(logits.data() + range.begin * vocabulary, targets.data() + range.begin,
                      scale.data() + range.begin, nll.data() + range.begin,
                      best.data() + range.begin, range.size(), vocabulary);
  });
  constexpr std::int64_t kChunk = 1 << 16, kChunks = 128;
  const Buffer<float> gradient = random_values(kChunk * kChunks);
  Buffer<float> value = random_values(kChunk * kChunks), first(kChunk * kChunks),
                second(kChunk * kChunks);
  bench.time_rows("adamw", kChunks, kChunk, 7, [&](Range range) {
    const std::int64_t at = range.begin * kChunk;
    ops.adamw(value.data() + at, gradient.data() + at, first.data() + at, second.data() + at,
              range.size() * kChunk, {.learning_rate = 1e-4f});
  });
}

}  // namespace

void measure_kernels(const kernels::Context& context, const model::ArchSpec& spec,
                     const KernelSpeedOptions& options,
                     const std::function<void(const KernelSpeed&)>& report) {
  const Bench bench{context, spec, options, report};
  const Linear gate_up{"gate/up", spec.hidden, spec.intermediate};
  const Linear down{"down", spec.intermediate, spec.hidden};
  time_linear(bench, {"q", spec.hidden, spec.q_width()}, options.tokens);
  time_linear(bench, {"k/v", spec.hidden, spec.kv_width()}, options.tokens);
  time_linear(bench, {"o", spec.q_width(), spec.hidden}, options.tokens);
  time_linear(bench, gate_up, options.tokens);
  time_linear(bench, down, options.tokens);
  const std::int64_t head_rows = model::head_chunk_rows(spec.vocabulary, options.tokens);
  time_linear(bench, {"head", spec.hidden, spec.vocabulary}, head_rows);
  time_adapter(bench, gate_up);
  time_adapter(bench, down);
  time_attention(bench);
  time_norms_and_rotation(bench);
  time_swiglu(bench);
  time_loss_and_update(bench, head_rows);
}

}  // namespace attune::bench
