#include "bench/machine.h"

#include <algorithm>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/random.h"
#include "tensor/buffer.h"

namespace attune::bench {

namespace {

constexpr int kWindows = 5;

// One window: every thread does `rounds` rounds.
double window_rate(const kernels::Context& context, kernels::GemmMath math, const float* data,
                   std::int64_t rounds) {
  const std::int64_t threads = context.pool().threads();
  std::vector<double> done(static_cast<std::size_t>(threads), 0);
  const Stopwatch watch;
  context.pool().run(threads, [&](std::int64_t task, int /*worker*/) {
    done[static_cast<std::size_t>(task)] = context.ops().peak_work(math, data, rounds);
  });
  double sum = 0;
  for (const double operations : done) sum += operations;
  return sum / watch.seconds();
}

double measure_peak(const kernels::Context& context, kernels::GemmMath math) {
  constexpr double kWindowSeconds = 0.06;
  const RandomStream stream{.seed = 1, .stream = stream_id("peak"), .step = 0};
  Buffer<float> data(kernels::kPeakFloats);
  for (std::int64_t i = 0; i < data.size(); ++i)
    data.data()[i] = stream.normal(static_cast<std::uint64_t>(i));
  std::int64_t rounds = 1000;
  for (double seconds = 0; seconds < kWindowSeconds / 4; rounds *= 2) {
    const Stopwatch watch;
    context.ops().peak_work(math, data.data(), rounds);
    seconds = watch.seconds();
  }
  double best = 0;
  for (int window = 0; window < kWindows; ++window)
    best = std::max(best, window_rate(context, math, data.data(), 2 * rounds));
  return best;
}

// Every thread reads its share of memory that no cache holds.
double measure_read_bandwidth(const kernels::Context& context) {
  constexpr std::int64_t kBytes = std::int64_t{512} << 20;
  constexpr std::int64_t kLanes = 16;   // sums that do not wait for each other: two cache lines
  constexpr std::int64_t kAhead = 256;  // 2 KB, as products with panels fetch theirs
  Buffer<std::uint64_t> memory(kBytes / 8);
  for (std::int64_t i = 0; i < memory.size(); ++i)
    memory.data()[i] = static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15u;
  const std::int64_t threads = context.pool().threads();
  const std::int64_t share = memory.size() / threads / kLanes * kLanes;
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads), 0);
  double best = 0;
  for (int window = 0; window < kWindows; ++window) {
    const Stopwatch watch;
    context.pool().run(threads, [&](std::int64_t task, int /*worker*/) {
      const std::uint64_t* from = memory.data() + task * share;
      std::uint64_t lanes[kLanes] = {};
      for (std::int64_t i = 0; i < share; i += kLanes) {
        __builtin_prefetch(from + i + kAhead);
        __builtin_prefetch(from + i + kAhead + kLanes / 2);
        for (std::int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] ^= from[i + lane];
      }
      for (const std::uint64_t lane : lanes) sums[static_cast<std::size_t>(task)] ^= lane;
    });
    best = std::max(best, static_cast<double>(share * threads * 8) / watch.seconds());
  }
  for (std::uint64_t& sum : sums) __asm__ volatile("" : : "m"(sum));  // the reads are wanted
  return best;
}

}  // namespace

MachineRates measure_machine(const kernels::Context& context) {
  return {.f32_peak = measure_peak(context, kernels::GemmMath::f32),
          .bf16_peak = measure_peak(context, kernels::GemmMath::bf16),
          .read_bandwidth = measure_read_bandwidth(context)};
}

std::string gibibytes(std::int64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (std::int64_t{1} << 30));
}

std::int64_t peak_memory_bytes() {
  std::ifstream file("/proc/self/status");
  std::string name, rest;
  std::int64_t kibibytes = 0;
  while (file >> name) {
    if (name == "VmHWM:" && file >> kibibytes) return kibibytes * 1024;
    std::getline(file, rest);
  }
  return 0;
}

std::vector<double> time_runs(const std::function<void()>& work, int least, double seconds) {
  work();
  std::vector<double> runs;
  const Stopwatch whole;
  while (static_cast<int>(runs.size()) < least || whole.seconds() < seconds) {
    const Stopwatch one;
    work();
    runs.push_back(one.seconds());
  }
  return runs;
}

double median(std::vector<double> values) {
  CHECK(!values.empty(), "the median of nothing");
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace attune::bench
