// The golden models of tests/golden/model: their documents as a batch, and their stored answers.
//
//   const Golden golden = read_golden("llama3");
//   Model model = load(golden.folder, Precision::f32);
//   compute_logits(..., golden.batch(), ...) against golden.tensor("logits.0")
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/json.h"
#include "io/safetensors.h"
#include "model/forward.h"

namespace attune::model::testing {

struct Golden {
  std::filesystem::path folder;
  Json json;
  Safetensors tensors;

  // Both documents packed, or one of them alone.
  Batch batch() const;
  Batch document(std::size_t index) const;
  Targets targets() const;
  std::vector<float> tensor(const std::string& name) const;
};

// Every folder of tests/golden/model.
std::vector<std::string> golden_families();
Golden read_golden(const std::string& family);

// ||found - wanted|| / ||wanted||; infinite when the sizes differ.
double relative_error(std::span<const float> found, std::span<const float> wanted);

// The instruction sets that this CPU has.
std::vector<Isa> available_isas();

// Loads or fails the test's program with the message.
Model load(const std::filesystem::path& folder, Precision precision);

// Logits of every row of the batch, [T, V].
std::vector<float> all_logits(const kernels::Context& context, const Model& model,
                              const Batch& batch, bool use_adapter = true);

}  // namespace attune::model::testing
