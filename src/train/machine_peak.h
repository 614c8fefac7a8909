// The speed that this machine's matrix kernel reaches on operands that stay in the cache: what a
// training step is measured against. Random data (constant data reads too high), every thread of
// the context, about 50 ms.
#pragma once

#include "kernels/context.h"

namespace attune::train {

// FLOP/s of all threads together; the best of a few shapes and repeats, each timed on its own.
double measure_machine_peak(const kernels::Context& context, kernels::GemmMath math);

}  // namespace attune::train
