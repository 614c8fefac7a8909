// Adapters on a model: adding, listing, merging. peft.cc reads and writes them; linear.cc computes
// with them.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "base/random.h"
#include "model/weights.h"

namespace attune::model {

namespace {

constexpr std::int64_t kMostRank = 4096;

Result<void> check_config(const LoraConfig& config) {
  if (config.rank < 1 || config.rank > kMostRank) {
    return bad_input({.where = "lora rank",
                      .found = fmt::format("{}", config.rank),
                      .wanted = fmt::format("1 to {}", kMostRank)});
  }
  if (!std::isfinite(config.alpha) || config.alpha <= 0) {
    return bad_input({.where = "lora alpha",
                      .found = fmt::format("{}", config.alpha),
                      .wanted = "a positive number"});
  }
  if (!(config.dropout >= 0 && config.dropout < 1)) {
    return bad_input({.where = "lora dropout",
                      .found = fmt::format("{}", config.dropout),
                      .wanted = "at least 0 and less than 1"});
  }
  if (config.targets.empty()) {
    return bad_input(
        {.where = "lora targets",
         .found = "no module",
         .wanted = fmt::format("all-linear or some of {}", fmt::join(kLinearNames, ", "))});
  }
  return {};
}

// Which of the seven linears of a layer are adapted.
Result<std::array<bool, 7>> select_targets(const std::vector<std::string>& targets) {
  std::array<bool, 7> selected{};
  for (const std::string& target : targets) {
    if (target == "all-linear") {
      selected.fill(true);
      continue;
    }
    const auto name = std::find(kLinearNames.begin(), kLinearNames.end(), target);
    if (name == kLinearNames.end()) {
      return bad_input(
          {.where = "lora targets",
           .found = target,
           .wanted = fmt::format("all-linear or some of {}", fmt::join(kLinearNames, ", "))});
    }
    selected[static_cast<std::size_t>(name - kLinearNames.begin())] = true;
  }
  return selected;
}

// PEFT's initialisation: kaiming_uniform with a = sqrt(5), which is U(+-1/sqrt(K)).
void fill_a(Lora& lora, const std::string& name, std::int64_t inputs, std::uint64_t seed) {
  const RandomStream stream{.seed = seed, .stream = stream_id(name), .step = 0};
  const float bound = 1.0f / std::sqrt(static_cast<float>(inputs));
  for (std::int64_t i = 0; i < lora.a.size(); ++i) {
    lora.a.data()[i] = bound * (2.0f * stream.uniform(static_cast<std::uint64_t>(i)) - 1.0f);
  }
}

void merge_into(Matrix& weight, const Lora& lora) {
  Buffer<float> row(weight.columns);
  for (std::int64_t n = 0; n < weight.rows; ++n) {
    weight.copy_row(n, row.data());
    for (std::int64_t k = 0; k < weight.columns; ++k) {
      float delta = 0;
      for (std::int64_t r = 0; r < lora.rank; ++r) {
        delta += lora.b.data()[n * lora.rank + r] * lora.a.data()[r * weight.columns + k];
      }
      row.data()[k] += lora.scale * delta;
    }
    if (weight.f32.size() > 0) {  // trained, or held so
      std::copy_n(row.data(), weight.columns, weight.f32.data() + n * weight.columns);
    } else {
      CHECK(weight.set_rows(n, 1, row.data()), "{} with its adapter is not finite", weight.name);
    }
  }
}

}  // namespace

std::string lora_tensor_name(const Linear& linear, std::string_view which) {
  return fmt::format("base_model.model.{}.{}.weight", linear.name, which);
}

void freeze_base(Model::Weights& weights) {
  weights.parameters.clear();
  weights.lora.reset();
  for (Layer& layer : weights.layers) {
    for (Linear* linear : layer.linears()) linear->lora.reset();
  }
  if (!weights.base_trained) return;
  weights.base_trained = false;
  for (Matrix* matrix : matrices(weights)) {
    matrix->gradient = Buffer<float>();
    matrix->convert_to_frozen();
  }
  for (Vector* vector : vectors(weights)) vector->gradient = Buffer<float>();
}

Lora make_lora(const Linear& linear, std::int64_t rank, float alpha, bool rank_stabilised) {
  Lora lora;
  lora.rank = rank;
  lora.alpha = alpha;
  const auto divisor = static_cast<float>(rank);
  lora.scale = alpha / (rank_stabilised ? std::sqrt(divisor) : divisor);
  lora.dropout_stream = stream_id(lora_tensor_name(linear, "lora_A"));
  lora.a = Buffer<float>(rank * linear.inputs());
  lora.b = Buffer<float>(linear.outputs() * rank);
  return lora;
}

void attach_lora(Linear& linear, Lora lora) {
  lora.a_gradient = Buffer<float>(lora.a.size());
  lora.b_gradient = Buffer<float>(lora.b.size());
  linear.lora = std::move(lora);
}

void list_lora_parameters(Model::Weights& weights) {
  weights.parameters.clear();
  for (Layer& layer : weights.layers) {
    for (Linear* linear : layer.linears()) {
      if (!linear->lora) continue;
      Lora& lora = *linear->lora;
      weights.parameters.push_back({.name = lora_tensor_name(*linear, "lora_A"),
                                    .shape = {lora.rank, linear->inputs()},
                                    .value = lora.a.span(),
                                    .gradient = lora.a_gradient.span(),
                                    .decay = true});
      weights.parameters.push_back({.name = lora_tensor_name(*linear, "lora_B"),
                                    .shape = {linear->outputs(), lora.rank},
                                    .value = lora.b.span(),
                                    .gradient = lora.b_gradient.span(),
                                    .decay = true});
    }
  }
}

Result<void> Model::add_lora(const LoraConfig& config, std::uint64_t seed) {
  ATTUNE_TRY_VOID(check_config(config));
  using Selection = std::array<bool, 7>;
  ATTUNE_TRY(const Selection selected, select_targets(config.targets));
  freeze_base(*weights_);
  for (Layer& layer : weights_->layers) {
    const auto linears = layer.linears();
    for (std::size_t i = 0; i < linears.size(); ++i) {
      if (!selected[i]) continue;
      Linear& linear = *linears[i];
      attach_lora(linear, make_lora(linear, config.rank, config.alpha, config.rank_stabilised));
      fill_a(*linear.lora, lora_tensor_name(linear, "lora_A"), linear.inputs(), seed);
    }
  }
  weights_->lora = config;
  list_lora_parameters(*weights_);
  return {};
}

void Model::merge_adapter() {
  if (!weights_->lora) return;
  for (Layer& layer : weights_->layers) {
    for (Linear* linear : layer.linears()) {
      if (linear->lora) merge_into(linear->weight, *linear->lora);
    }
  }
  freeze_base(*weights_);
}

}  // namespace attune::model
