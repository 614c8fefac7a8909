// What this machine can do at most: the ceilings that kernels and steps are measured against, in
// the same run and with the same threads.
//
//   const MachineRates rates = measure_machine(context);
//   double part_of_peak = flops / seconds / rates.peak(math);
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/context.h"

namespace attune::bench {

struct MachineRates {
  // FLOP/s of the multiply-add instructions of the chosen instruction set, all threads together, on
  // random operands in registers (tiles: in the first-level cache). The best of several windows.
  double f32_peak = 0, bf16_peak = 0;
  double read_bandwidth = 0;  // bytes a second from memory, all threads together; the best likewise

  double peak(kernels::GemmMath math) const {
    return math == kernels::GemmMath::bf16 ? bf16_peak : f32_peak;
  }
};

// About two seconds; allocates 512 MiB for the bandwidth.
MachineRates measure_machine(const kernels::Context& context);

std::string gibibytes(std::int64_t bytes);  // "7.4 GiB"

// The most memory that this process has held in RAM (VmHWM); 0 where the system does not say.
std::int64_t peak_memory_bytes();

// Seconds of each of at least `least` runs of `work`, for at least `seconds` in all, after one that
// is not counted.
std::vector<double> time_runs(const std::function<void()>& work, int least, double seconds);
double median(std::vector<double> values);

}  // namespace attune::bench
