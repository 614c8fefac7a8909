// The sizes of well-known models, to measure with random weights what they would cost.
//
//   ATTUNE_TRY(const model::ArchSpec spec, named_shape("qwen2.5-0.5b"));
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/arch_spec.h"

namespace attune::bench {

std::vector<std::string> shape_names();
// From the published config.json of each: vocabulary, grouped heads, tied or separate head, rotary
// embedding.
Result<model::ArchSpec> named_shape(std::string_view name);

}  // namespace attune::bench
