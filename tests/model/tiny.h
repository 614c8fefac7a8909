// Tiny random models and batches for tests of the arithmetic.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/forward.h"

namespace attune::model::testing {

// Odd sizes on purpose: 3 key/value heads of size 6 for 6 heads, hidden 18, intermediate 22,
// vocabulary 37.
ArchSpec tiny_spec(const std::string& family);
// A model whose norms and biases are not the initial ones, so that a test sees them.
Model tiny_model(const ArchSpec& spec, Precision precision, std::uint64_t seed);
// A fresh adapter with B no longer zero.
void add_filled_lora(Model& model, const LoraConfig& config, std::uint64_t seed);

// Documents of the given lengths with random tokens, and targets with weights 0, 0.5 and 1.
struct Task {
  Batch batch;
  Targets targets;
};
Task random_task(const ArchSpec& spec, const std::vector<std::int64_t>& lengths,
                 std::uint64_t seed);

// All gradients of one training pass, end to end.
std::vector<float> gradients_of(const kernels::Context& context, Model& model, const Task& task,
                                const PassOptions& options = {});

// A folder of its own under the system's temporary folder, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace attune::model::testing
