#include "kernels/support.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/cpu.h"
#include "base/random.h"

namespace attune::kernels {

std::vector<Isa> available_sets() {
  const CpuFeatures& cpu = cpu_features();
  std::vector<Isa> sets{Isa::scalar};
  if (cpu.avx2_fma) sets.push_back(Isa::avx2);
  if (cpu.avx512) sets.push_back(Isa::avx512);
  if (cpu.avx512_bf16) sets.push_back(Isa::avx512_bf16);
  if (cpu.amx_bf16) sets.push_back(Isa::amx);
  return sets;
}

std::string set_name(const testing::TestParamInfo<Isa>& info) {
  return std::string(isa_name(info.param));
}

std::vector<float> random_floats(std::int64_t n, std::uint32_t seed, float scale) {
  const RandomStream stream{.seed = 1, .stream = seed, .step = 0};
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = scale * stream.normal(i);
  return values;
}

std::vector<bf16> to_bf16(const std::vector<float>& values) {
  std::vector<bf16> halves(values.size());
  std::transform(values.begin(), values.end(), halves.begin(),
                 [](float value) { return attune::to_bf16(value); });
  return halves;
}

InPanels in_panels(const std::vector<bf16>& weights, std::int64_t rows, std::int64_t columns) {
  const std::int64_t stride = panel_stride(Dtype::bf16, columns);
  InPanels all{.values = std::vector<bf16>(static_cast<std::size_t>(panel_rows(rows) * stride)),
               .operand = {}};
  arrange_in_panels(Dtype::bf16, weights.data(), rows, columns, all.values.data());
  all.operand = {.data = all.values.data(),
                 .stride = stride,
                 .dtype = Dtype::bf16,
                 .transposed = true,
                 .panels = true};
  return all;
}

std::byte* scratch() {
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  static const std::unique_ptr<std::byte, Free> memory([] {
    void* bytes = std::aligned_alloc(64, kGemmScratchBytes);
    return static_cast<std::byte*>(
        std::memset(bytes, 0x7f, kGemmScratchBytes));  // large finite floats
  }());
  return memory.get();
}

double slope(const std::function<double(const std::vector<double>&)>& f, std::vector<double> x,
             std::int64_t i) {
  const double step = 1e-5, middle = x[static_cast<std::size_t>(i)];
  x[static_cast<std::size_t>(i)] = middle + step;
  const double above = f(x);
  x[static_cast<std::size_t>(i)] = middle - step;
  return (above - f(x)) / (2 * step);
}

std::vector<double> to_double(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

}  // namespace attune::kernels
