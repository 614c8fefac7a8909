// Speed of the kernels on one thread, by instruction set and shape, as a fraction of the rate with
// all operands in registers.
//
//   kernels_bench [set ...] [--only gemm|decode|lora|attention|rows|load]
//                                              default: all sets of this CPU, everything
//
// Each figure is the best of several runs; other programs on the machine make it lower, never
// higher.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <time.h>

#include "base/random.h"
#include "kernels/kernels.h"
#include "kernels/panels.h"

namespace attune::kernels {

namespace {

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};

std::byte* scratch() {
  static const std::unique_ptr<std::byte, Free> memory(
      static_cast<std::byte*>(std::aligned_alloc(4096, kGemmScratchBytes)));
  return memory.get();
}

std::vector<float> random_floats(std::int64_t n, std::uint32_t seed) {
  std::vector<float> values(static_cast<std::size_t>(n));
  const RandomStream stream{.seed = 1, .stream = seed, .step = 0};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 2 * stream.uniform(i) - 1;
  return values;
}

// Seconds that this thread has run: time in which other programs had the core does not count.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Seconds of the fastest of at least five runs, for at least 60 ms in all.
double best_seconds(const std::function<void()>& work) {
  double best = 1e9;
  const double start = thread_seconds();
  for (int run = 0; run < 5 || thread_seconds() - start < 0.06; ++run) {
    const double before = thread_seconds();
    work();
    best = std::min(best, thread_seconds() - before);
  }
  return best;
}

struct Peak {
  double f32, bf16;  // operations a second, one thread
};

double rate(const Kernels& ops, GemmMath math) {
  constexpr std::int64_t kRounds = 400'000;
  const std::vector<float> data = random_floats(kPeakFloats, 1);
  const double done = ops.peak_work(math, data.data(), kRounds);
  return done / best_seconds([&] { ops.peak_work(math, data.data(), kRounds); });
}

Peak peak_of(const Kernels& ops) { return {rate(ops, GemmMath::f32), rate(ops, GemmMath::bf16)}; }

struct Product {
  const char* name;
  std::int64_t m, n, k;
  bool a_transposed, b_transposed;
  Dtype b_type;
  bool panels = false;  // of a transposed bf16 B
};

void bench_product(const Kernels& ops, const Peak& peak, const Product& p) {
  const std::vector<float> a = random_floats(p.m * p.k, 1), b = random_floats(p.k * p.n, 2);
  std::vector<bf16> halves(b.size());
  std::transform(b.begin(), b.end(), halves.begin(), [](float x) { return to_bf16(x); });
  std::vector<float> c(static_cast<std::size_t>(p.m * p.n));
  if (p.panels) {
    const std::int64_t elements = panel_rows(p.n) * panel_stride(Dtype::bf16, p.k);
    std::vector<bf16> panels(static_cast<std::size_t>(elements));
    arrange_in_panels(Dtype::bf16, halves.data(), p.n, p.k, panels.data());
    halves = std::move(panels);
  }
  GemmOperand weights{b.data(), p.b_transposed ? p.k : p.n, p.b_type, p.b_transposed};
  if (p.b_type == Dtype::bf16) weights.data = halves.data();
  if (p.panels) weights.stride = panel_stride(Dtype::bf16, p.k);
  weights.panels = p.panels;
  for (const GemmMath math : {GemmMath::f32, GemmMath::bf16}) {
    const GemmArgs args{.m = p.m,
                        .n = p.n,
                        .k = p.k,
                        .a = {a.data(), p.a_transposed ? p.m : p.k, Dtype::f32, p.a_transposed},
                        .b = weights,
                        .c = c.data(),
                        .c_stride = p.n,
                        .math = math,
                        .scratch = scratch()};
    const double seconds = best_seconds([&] { ops.gemm(args); });
    const double operations = 2.0 * static_cast<double>(p.m * p.n * p.k) / seconds;
    const double weight_rate = static_cast<double>(p.n * p.k * dtype_bytes(p.b_type)) / seconds;
    fmt::print(
        "{:<12} {:<16} {:>5} x {:>5} x {:>5}  B {:<4}{} math {:<4} {:8.1f} GFLOP/s {:5.1f} %",
        isa_name(ops.isa), p.name, p.m, p.n, p.k, dtype_name(p.b_type),
        p.panels ? " in panels" : "", math == GemmMath::f32 ? "f32" : "bf16", operations / 1e9,
        100 * operations / (math == GemmMath::f32 ? peak.f32 : peak.bf16));
    if (p.m <= 4) fmt::print("  {:6.1f} GB/s of weights", weight_rate / 1e9);
    fmt::print("\n");
  }
}

void bench_gemm(const Kernels& ops, const Peak& peak) {
  for (const std::int64_t tokens : {1024, 2048}) {
    for (const auto& [k, n] : {std::pair<std::int64_t, std::int64_t>{288, 288},
                               {288, 768},
                               {768, 288},
                               {576, 576},
                               {1024, 1024}}) {
      bench_product(ops, peak, {"forward", tokens, n, k, false, true, Dtype::f32});
      bench_product(ops, peak, {"forward", tokens, n, k, false, true, Dtype::bf16});
      bench_product(ops, peak, {"backward data", tokens, k, n, false, false, Dtype::f32});
      bench_product(ops, peak, {"weight gradient", n, k, tokens, true, false, Dtype::f32});
    }
  }
}

void bench_decode(const Kernels& ops, const Peak& peak) {
  for (const std::int64_t m : {1, 2, 4, 8, 14, 28, 32, 56}) {
    for (const auto& [k, n] : {std::pair<std::int64_t, std::int64_t>{288, 288},
                               {768, 288},
                               {1024, 1024},
                               {1024, 32000}}) {
      for (const Dtype dtype : {Dtype::f32, Dtype::bf16})
        bench_product(ops, peak, {"decode", m, n, k, false, true, dtype});
      bench_product(ops, peak, {"decode", m, n, k, false, true, Dtype::bf16, true});
    }
  }
}

void bench_lora(const Kernels& ops, const Peak& peak) {
  for (const std::int64_t r : {8, 16, 64}) {
    bench_product(ops, peak, {"u = x A^T", 1024, r, 576, false, true, Dtype::f32});
    bench_product(ops, peak, {"y += u B^T", 1024, 576, r, false, true, Dtype::f32});
    bench_product(ops, peak, {"dA", r, 576, 1024, true, false, Dtype::f32});
    bench_product(ops, peak, {"dB", 576, r, 1024, true, false, Dtype::f32});
  }
}

void bench_attention(const Kernels& ops, const Peak& peak) {
  for (const auto& [tokens, head_dim, group] :
       {std::tuple<std::int64_t, std::int64_t, std::int64_t>{64, 32, 1},
        {256, 48, 1},
        {256, 64, 3},
        {512, 64, 1},
        {2048, 64, 1},
        {2048, 128, 4}}) {
    const std::int64_t width = group * head_dim;
    const std::vector<float> q = random_floats(tokens * width, 1),
                             k = random_floats(tokens * head_dim, 2);
    const std::vector<float> v = random_floats(tokens * head_dim, 3),
                             d_out = random_floats(tokens * width, 4);
    std::vector<float> out(q.size()), lse(static_cast<std::size_t>(tokens * group)), d_q(q.size()),
        d_k(k.size()), d_v(v.size());
    const AttentionArgs args{.queries = tokens,
                             .keys = tokens,
                             .head_dim = head_dim,
                             .group = group,
                             .scale = 1 / std::sqrt(static_cast<float>(head_dim)),
                             .q = q.data(),
                             .k = k.data(),
                             .v = v.data(),
                             .out = out.data(),
                             .lse = lse.data(),
                             .q_stride = width,
                             .kv_stride = head_dim,
                             .out_stride = width,
                             .lse_stride = group,
                             .scratch = scratch()};
    const AttentionGradArgs gradients{args, d_out.data(), d_q.data(), d_k.data(), d_v.data()};
    const double forward = best_seconds([&] { ops.attention_forward(args); });
    const double backward = best_seconds([&] { ops.attention_backward(gradients); });
    // The causal half: two products forward, five backward.
    const double product = static_cast<double>(tokens * (tokens + 1) * head_dim * group);
    for (const auto& [name, seconds, products] :
         {std::tuple{"forward", forward, 2}, {"backward", backward, 5}}) {
      const double operations = product * products / seconds;
      fmt::print(
          "{:<12} attention {:<8} T {:>4} head {:>3} group {}  {:9.1f} us {:8.1f} GFLOP/s {:5.1f} "
          "%\n",
          isa_name(ops.isa), name, tokens, head_dim, group, seconds * 1e6, operations / 1e9,
          100 * operations / peak.f32);
    }
  }
}

// Operations on rows: elements a second, and bytes read and written.
void bench_rows(const Kernels& ops, const Peak&) {
  constexpr std::int64_t kRows = 512, kWidth = 576, kCount = kRows * kWidth;
  const std::vector<float> x = random_floats(kCount, 1), w = random_floats(kCount, 2),
                           d = random_floats(kCount, 3);
  std::vector<float> y(kCount), z(kCount), r(kRows, 1.0f);
  std::vector<double> nll(kRows);
  std::vector<std::int32_t> targets(kRows, 3), best(kRows);
  const std::vector<float> scale(kRows, 1.0f);
  struct Row {
    const char* name;
    int streams;  // floats read or written an element
    std::function<void()> work;
  };
  const Row rows[] = {
      {"rms_norm_forward", 2,
       [&] { ops.rms_norm_forward(x.data(), w.data(), y.data(), r.data(), kRows, kWidth, 1e-5f); }},
      {"rms_norm_backward", 4,
       [&] {
         ops.rms_norm_backward(d.data(), x.data(), w.data(), r.data(), y.data(), kRows, kWidth);
       }},
      {"rms_norm_backward_weight", 2,
       [&] {
         ops.rms_norm_backward_weight(d.data(), x.data(), r.data(), z.data(), kRows, kWidth, 0,
                                      kWidth);
       }},
      {"rope", 2, [&] { ops.rope(y.data(), w.data(), d.data(), kRows, 9, 64, 64, false); }},
      {"swiglu_forward", 3, [&] { ops.swiglu_forward(x.data(), w.data(), y.data(), kCount); }},
      {"swiglu_backward", 5,
       [&] { ops.swiglu_backward(d.data(), x.data(), w.data(), y.data(), z.data(), kCount); }},
      {"add", 3, [&] { ops.add(y.data(), x.data(), kCount); }},
      {"column_sum", 1, [&] { ops.column_sum(x.data(), z.data(), kRows, kWidth, 0, kWidth); }},
      {"cross_entropy", 2,
       [&] {
         ops.cross_entropy(y.data(), targets.data(), scale.data(), nll.data(), best.data(),
                           kRows / 8, 8 * kWidth);
       }},
      {"adamw", 7,
       [&] { ops.adamw(y.data(), x.data(), z.data(), r.data(), kRows, {.learning_rate = 1e-3f}); }},
      {"sum_squares", 1,
       [&] { best[0] = static_cast<std::int32_t>(ops.sum_squares(x.data(), kCount)); }},
  };
  for (const Row& row : rows) {
    const double count = std::string(row.name) == "adamw" ? kRows : kCount;
    const double seconds = best_seconds(row.work);
    fmt::print("{:<12} {:<26} {:8.2f} G elements/s {:8.1f} GB/s\n", isa_name(ops.isa), row.name,
               count / seconds / 1e9, count * row.streams * 4 / seconds / 1e9);
  }
}

// What loading takes: to quantise a base, and to arrange it for answering. The same code for every
// set.
void bench_load() {
  constexpr std::int64_t kRows = 512, kWidth = 1024;
  const std::vector<float> weights = random_floats(kRows * kWidth, 1);
  std::vector<std::byte> values(weights.size());
  std::vector<float> scales(weights.size() / kQuantBlock);
  for (const Dtype dtype : {Dtype::i8, Dtype::nf4}) {
    const double seconds = best_seconds([&] {
      for (std::int64_t row = 0; row < kRows; ++row)
        quantise_row(dtype, weights.data() + row * kWidth, kWidth, values.data(), scales.data());
    });
    fmt::print("quantise {:<4} {:8.2f} ns a weight\n", dtype_name(dtype),
               1e9 * seconds / (kRows * kWidth));
  }
  std::vector<bf16> panels(weights.size());
  for (const Dtype dtype : {Dtype::bf16, Dtype::i8, Dtype::nf4}) {
    const double seconds = best_seconds(
        [&] { arrange_in_panels(dtype, weights.data(), kRows, kWidth, panels.data()); });
    fmt::print("arrange  {:<4} {:8.2f} ns a weight\n", dtype_name(dtype),
               1e9 * seconds / (kRows * kWidth));
  }
}

std::vector<Isa> available_sets() {
  const CpuFeatures& cpu = cpu_features();
  std::vector<Isa> sets;
  if (cpu.avx2_fma) sets.push_back(Isa::avx2);
  if (cpu.avx512) sets.push_back(Isa::avx512);
  if (cpu.avx512_bf16) sets.push_back(Isa::avx512_bf16);
  if (cpu.amx_bf16) sets.push_back(Isa::amx);
  return sets;
}

int run(const std::vector<std::string>& arguments) {
  std::vector<std::string> wanted_sets;
  std::string only;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--only" && i + 1 < arguments.size()) {
      only = arguments[++i];
    } else {
      wanted_sets.push_back(arguments[i]);
    }
  }
  const std::pair<const char*, void (*)(const Kernels&, const Peak&)> parts[] = {
      {"gemm", bench_gemm},
      {"decode", bench_decode},
      {"lora", bench_lora},
      {"attention", bench_attention},
      {"rows", bench_rows}};
  fmt::print("{}\n", cpu_features().brand);
  if (only.empty() || only == "load") bench_load();
  if (only == "load") return 0;
  for (const Isa isa : available_sets()) {
    if (!wanted_sets.empty() &&
        std::find(wanted_sets.begin(), wanted_sets.end(), isa_name(isa)) == wanted_sets.end())
      continue;
    const Peak peak = peak_of(kernels_for(isa));
    fmt::print("{:<12} in registers: f32 {:.1f} GFLOP/s, bf16 {:.1f} GFLOP/s\n", isa_name(isa),
               peak.f32 / 1e9, peak.bf16 / 1e9);
    for (const auto& [name, bench] : parts) {
      if (only.empty() || only == name) bench(kernels_for(isa), peak);
    }
  }
  return 0;
}

}  // namespace
}  // namespace attune::kernels

int main(int argc, char** argv) { return attune::kernels::run({argv + 1, argv + argc}); }
