// PEFT adapter folders in and out: adapter_config.json and adapter_model.safetensors.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/safetensors.h"
#include "model/config_fields.h"
#include "model/peft_config.h"
#include "model/weights.h"

namespace attune::model {

namespace {

// One adapted linear: what the configuration says, and its two tensors in the file.
struct AdaptedLinear {
  const Linear* linear = nullptr;
  ModuleAdapter adapter;
  const StoredTensor* a = nullptr;
  const StoredTensor* b = nullptr;
};

Result<const StoredTensor*> find_tensor(const Safetensors& file, const std::string& name,
                                        std::int64_t rows, std::int64_t columns) {
  const StoredTensor* tensor = file.find(name);
  const std::vector<std::int64_t> wanted{rows, columns};
  if (tensor == nullptr) {
    return bad_input({.where = file.where(),
                      .found = fmt::format("the tensor {} is missing", name),
                      .wanted = fmt::format("it with shape [{}, {}]", rows, columns),
                      .fix = "use the adapter_config.json that belongs to these weights"});
  }
  if (tensor->shape != wanted) {
    return bad_input({.where = fmt::format("{}: {}", file.where(), name),
                      .found = fmt::format("shape [{}]", fmt::join(tensor->shape, ", ")),
                      .wanted = fmt::format("[{}, {}]", rows, columns),
                      .fix = "load the adapter on the base model that it was trained on"});
  }
  return tensor;
}

Result<std::vector<AdaptedLinear>> match_linears(const Model::Weights& weights,
                                                 const PeftConfig& config,
                                                 const Safetensors& file) {
  std::vector<AdaptedLinear> adapted;
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    for (const Linear* linear : weights.layers[i].linears()) {
      using Choice = std::optional<ModuleAdapter>;
      ATTUNE_TRY(const Choice choice, config.adapts(linear->name, static_cast<std::int64_t>(i)));
      if (!choice) continue;
      AdaptedLinear entry{.linear = linear, .adapter = *choice};
      ATTUNE_TRY(entry.a, find_tensor(file, lora_tensor_name(*linear, "lora_A"), choice->rank,
                                      linear->inputs()));
      ATTUNE_TRY(entry.b, find_tensor(file, lora_tensor_name(*linear, "lora_B"), linear->outputs(),
                                      choice->rank));
      adapted.push_back(entry);
    }
  }
  if (adapted.empty()) {
    return bad_input({.where = config.where + ": target_modules",
                      .found = "no module of this model",
                      .wanted = fmt::format("some of {}", fmt::join(kLinearNames, ", "))});
  }
  return adapted;
}

Result<void> refuse_unused(const Safetensors& file, const std::vector<AdaptedLinear>& adapted) {
  std::set<std::string_view> used;
  for (const AdaptedLinear& entry : adapted) used.insert({entry.a->name, entry.b->name});
  for (const StoredTensor& tensor : file.tensors()) {
    if (used.contains(tensor.name)) continue;
    return bad_input(
        {.where = file.where(),
         .found = fmt::format("the tensor {}, which the adapter's configuration does not use",
                              tensor.name),
         .wanted = "A and B of the layers' linear modules only"});
  }
  return {};
}

// Before the model is touched: values of a type that we cannot read.
Result<void> refuse_unreadable(const Safetensors& file, const std::vector<AdaptedLinear>& adapted) {
  for (const AdaptedLinear& entry : adapted) {
    for (const StoredTensor* tensor : {entry.a, entry.b}) {
      constexpr std::array kReadable = {Dtype::f64, Dtype::f32, Dtype::f16, Dtype::bf16};
      if (std::find(kReadable.begin(), kReadable.end(), tensor->dtype) != kReadable.end()) continue;
      return bad_input({.where = fmt::format("{}: {}", file.where(), tensor->name),
                        .found = fmt::format("values of type {}", dtype_name(tensor->dtype)),
                        .wanted = "F32, F16, BF16 or F64"});
    }
  }
  return {};
}

std::string_view short_name(std::string_view module_path) {
  return module_path.substr(module_path.rfind('.') + 1);
}

std::vector<std::string> short_names(const std::vector<const Linear*>& adapted) {
  std::vector<std::string> names;
  for (const std::string_view name : kLinearNames) {
    const bool used = std::any_of(adapted.begin(), adapted.end(), [&](const Linear* linear) {
      return short_name(linear->name) == name;
    });
    if (used) names.emplace_back(name);
  }
  return names;
}

// Names that select exactly the adapted modules: short ones if every layer has the same, else full
// paths.
std::vector<std::string> selecting_names(const std::vector<const Linear*>& adapted,
                                         std::size_t layers) {
  std::vector<std::string> names = short_names(adapted);
  if (names.size() * layers == adapted.size()) return names;
  names.clear();
  for (const Linear* linear : adapted) names.push_back(linear->name);
  return names;
}

TensorToWrite stored(const std::string& name, std::int64_t rows, std::int64_t columns,
                     const Buffer<float>& values) {
  return {.name = name,
          .dtype = Dtype::f32,
          .shape = {rows, columns},
          .bytes = std::as_bytes(values.span())};
}

std::string escape_dots(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '.') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

Result<StoredAdapter> read_adapter(const Path& folder, const Model::Weights& weights) {
  const Path config_path = folder / "adapter_config.json";
  ATTUNE_TRY(const Json json, read_json(config_path));
  ATTUNE_TRY(const PeftConfig config, parse_peft_config(json, config_path.string()));
  ATTUNE_TRY(const Safetensors file, Safetensors::open(folder / "adapter_model.safetensors"));
  ATTUNE_TRY(const std::vector<AdaptedLinear> adapted, match_linears(weights, config, file));
  ATTUNE_TRY_VOID(refuse_unused(file, adapted));
  ATTUNE_TRY_VOID(refuse_unreadable(file, adapted));
  StoredAdapter stored{.config = config.lora, .parts = {}};
  stored.parts.resize(weights.layers.size() * kLinearNames.size());
  std::vector<const Linear*> linears;
  for (const AdaptedLinear& entry : adapted) {
    Lora lora = make_lora(*entry.linear, entry.adapter.rank, entry.adapter.alpha,
                          config.lora.rank_stabilised);
    ATTUNE_TRY_VOID(copy_to_f32(*entry.a, lora.a.span()));
    ATTUNE_TRY_VOID(copy_to_f32(*entry.b, lora.b.span()));
    stored.parts[entry.linear->place] = std::move(lora);
    linears.push_back(entry.linear);
  }
  stored.config.targets = short_names(linears);
  return stored;
}

Result<void> Model::load_adapter(const Path& folder) {
  ATTUNE_TRY(StoredAdapter stored, read_adapter(folder, *weights_));
  freeze_base(*weights_);
  for (Layer& layer : weights_->layers) {
    for (Linear* linear : layer.linears()) {
      std::optional<Lora>& part = stored.parts[linear->place];
      if (part) attach_lora(*linear, std::move(*part));
    }
  }
  weights_->lora = stored.config;
  list_lora_parameters(*weights_);
  return {};
}

Result<void> Model::save_adapter(const Path& folder, const std::string& base_model_name) const {
  CHECK(has_adapter(), "there is no adapter to save");
  const LoraConfig& lora = *weights_->lora;
  std::vector<const Linear*> adapted;
  std::vector<TensorToWrite> tensors;
  std::vector<PatternValue> ranks, alphas;
  for (const Layer& layer : weights_->layers) {
    for (const Linear* linear : layer.linears()) {
      if (!linear->lora) continue;
      const Lora& own = *linear->lora;
      adapted.push_back(linear);
      tensors.push_back(
          stored(lora_tensor_name(*linear, "lora_A"), own.rank, linear->inputs(), own.a));
      tensors.push_back(
          stored(lora_tensor_name(*linear, "lora_B"), linear->outputs(), own.rank, own.b));
      const std::string key = escape_dots(linear->name);
      if (own.rank != lora.rank) ranks.push_back({key, static_cast<double>(own.rank)});
      if (own.alpha != lora.alpha) alphas.push_back({key, shortest_double(own.alpha)});
    }
  }
  ATTUNE_TRY_VOID(ensure_directory(folder));
  ATTUNE_TRY_VOID(write_safetensors(folder / "adapter_model.safetensors", std::move(tensors),
                                    {{"format", "pt"}}));
  const Json json = to_peft_config(
      lora, base_model_name, selecting_names(adapted, weights_->layers.size()), ranks, alphas);
  return write_file_atomic(folder / "adapter_config.json", to_pretty_text(json));
}

}  // namespace attune::model
