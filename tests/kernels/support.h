// Shared by the kernel tests: the instruction sets of this machine, random data, and scratch.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/dtype.h"
#include "kernels/kernels.h"

namespace attune::kernels {

inline constexpr double kFloatEpsilon = 1.0 / (1 << 24);  // half a unit in the last place of 1.0f

// Every instruction set that this CPU has, scalar included.
std::vector<Isa> available_sets();
std::string set_name(const testing::TestParamInfo<Isa>& info);

// Normal values, the same for the same seed.
std::vector<float> random_floats(std::int64_t n, std::uint32_t seed, float scale = 1.0f);
std::vector<bf16> to_bf16(const std::vector<float>& values);

// bf16 weights [rows, columns] in panels, as B of a product.
struct InPanels {
  std::vector<bf16> values;
  GemmOperand operand;
};
InPanels in_panels(const std::vector<bf16>& weights, std::int64_t rows, std::int64_t columns);

// kGemmScratchBytes of aligned memory, holding large numbers or what the last kernel left there.
std::byte* scratch();

// d f / d x[i] by central differences; f is evaluated in double at x with one element moved.
double slope(const std::function<double(const std::vector<double>&)>& f, std::vector<double> x,
             std::int64_t i);

std::vector<double> to_double(const std::vector<float>& values);

// A test that runs once an instruction set.
class EachSet : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& ops() const { return kernels_for(GetParam()); }
  const Kernels& reference() const { return kernels_for(Isa::scalar); }
};

}  // namespace attune::kernels
