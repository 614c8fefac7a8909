#include "golden.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <numeric>

namespace attune::model::testing {

namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests/golden/model";

template <typename T>
T value_or_stop(Result<T> result) {
  if (!result) {
    std::cerr << result.error().message() << "\n";
    std::abort();
  }
  return *std::move(result);
}

void append(Batch& batch, const Json& document) {
  for (const Json& token : document["tokens"]) batch.tokens.push_back(token.get<std::int32_t>());
  batch.document_starts.push_back(static_cast<std::int64_t>(batch.tokens.size()));
}

}  // namespace

Batch Golden::batch() const {
  Batch batch{.tokens = {}, .document_starts = {0}};
  for (const Json& document : json["documents"]) append(batch, document);
  return batch;
}

Batch Golden::document(std::size_t index) const {
  Batch batch{.tokens = {}, .document_starts = {0}};
  append(batch, json["documents"][index]);
  return batch;
}

Targets Golden::targets() const {
  Targets targets;
  for (const Json& document : json["documents"]) {
    const Json& tokens = document["tokens"];
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      targets.next.push_back(i + 1 < tokens.size() ? tokens[i + 1].get<std::int32_t>() : 0);
      targets.weight.push_back(document["weight"][i].get<float>());
    }
  }
  return targets;
}

std::vector<float> Golden::tensor(const std::string& name) const {
  const StoredTensor* stored = tensors.find(name);
  if (stored == nullptr) {
    std::cerr << "no tensor " << name << " in " << tensors.where() << "\n";
    std::abort();
  }
  std::vector<float> values(static_cast<std::size_t>(stored->elements()));
  const Result<void> copied = copy_to_f32(*stored, values);
  if (!copied) std::abort();
  return values;
}

std::vector<std::string> golden_families() {
  std::vector<std::string> families;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.is_directory()) families.push_back(entry.path().filename().string());
  }
  std::sort(families.begin(), families.end());
  return families;
}

Golden read_golden(const std::string& family) {
  const std::filesystem::path folder = kFolder / family;
  return {.folder = folder,
          .json = value_or_stop(read_json(folder / "golden.json")),
          .tensors = value_or_stop(Safetensors::open(folder / "golden.safetensors"))};
}

double relative_error(std::span<const float> found, std::span<const float> wanted) {
  if (found.size() != wanted.size()) return std::numeric_limits<double>::infinity();
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    difference += std::pow(static_cast<double>(found[i]) - static_cast<double>(wanted[i]), 2);
    size += std::pow(static_cast<double>(wanted[i]), 2);
  }
  return std::sqrt(difference / size);
}

std::vector<Isa> available_isas() {
  const CpuFeatures& cpu = cpu_features();
  std::vector<Isa> isas{Isa::scalar};
  if (cpu.avx2_fma) isas.push_back(Isa::avx2);
  if (cpu.avx512) isas.push_back(Isa::avx512);
  if (cpu.avx512_bf16) isas.push_back(Isa::avx512_bf16);
  if (cpu.amx_bf16) isas.push_back(Isa::amx);
  return isas;
}

Model load(const std::filesystem::path& folder, Precision precision) {
  return value_or_stop(Model::load(folder, precision));
}

std::vector<float> all_logits(const kernels::Context& context, const Model& model,
                              const Batch& batch, bool use_adapter) {
  const auto tokens = static_cast<std::int64_t>(batch.tokens.size());
  std::vector<std::int64_t> rows(batch.tokens.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<float> logits(static_cast<std::size_t>(tokens * model.spec().vocabulary));
  Workspace workspace(model, tokens, false);
  compute_logits(context, model, workspace, batch, rows, logits.data(),
                 {.use_adapter = use_adapter, .dropout = {}});
  return logits;
}

}  // namespace attune::model::testing
