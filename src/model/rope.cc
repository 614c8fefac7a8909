#include "model/rope.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace attune::model {

namespace {

constexpr float kDefaultTheta = 10000.0f;

Result<RopeKind> parse_kind(const ConfigFields& scaling) {
  ATTUNE_TRY(const std::string old_name, scaling.text("type", "default"));
  ATTUNE_TRY(const std::string name, scaling.text("rope_type", old_name));
  if (name == "default") return RopeKind::standard;
  if (name == "linear") return RopeKind::linear;
  if (name == "llama3") return RopeKind::llama3;
  return bad_input({.where = scaling.place("rope_type"),
                    .found = fmt::format("rope scaling \"{}\"", name),
                    .wanted = "default, linear or llama3",
                    .fix = "use a model with one of these; others are not supported"});
}

Result<void> refuse_unsupported(const ConfigFields& fields) {
  if (const Json* part = fields.find("partial_rotary_factor"); part != nullptr && *part != 1.0) {
    return bad_input({.where = fields.place("partial_rotary_factor"),
                      .found = shown(*part),
                      .wanted = "1: rotation of part of a head is not supported"});
  }
  if (const Json* beta = fields.find("llama_4_scaling_beta"); beta != nullptr && is_truthy(*beta)) {
    return bad_input({.where = fields.place("llama_4_scaling_beta"),
                      .found = shown(*beta),
                      .wanted = "none: scaling of the query by position is not supported"});
  }
  return {};
}

// The settings object: rope_parameters, else rope_scaling, else an empty one.
Result<ConfigFields> scaling_fields(const ConfigFields& config) {
  static const Json kEmpty = Json::object();
  for (const char* name : {"rope_parameters", "rope_scaling"}) {
    const Json* settings = config.find(name);
    if (settings == nullptr) continue;
    if (!settings->is_object()) {
      return bad_input(
          {.where = config.place(name), .found = shown(*settings), .wanted = "an object or null"});
    }
    for (const auto& [key, value] : settings->items()) {
      if (!value.is_object()) continue;
      return bad_input({.where = config.place(name),
                        .found = fmt::format("settings of their own for \"{}\"", key),
                        .wanted = "the same rope settings in every layer"});
    }
    return ConfigFields{*settings, config.place(name)};
  }
  return ConfigFields{kEmpty, config.where};
}

}  // namespace

Result<RopeSpec> parse_rope(const ConfigFields& config, std::int64_t max_positions) {
  constexpr std::int64_t kMostPositions = std::int64_t{1} << 30;
  ATTUNE_TRY(const ConfigFields scaling, scaling_fields(config));
  ATTUNE_TRY_VOID(refuse_unsupported(config));
  ATTUNE_TRY_VOID(refuse_unsupported(scaling));
  RopeSpec rope;
  ATTUNE_TRY(const float top_theta, config.positive("rope_theta", kDefaultTheta));
  ATTUNE_TRY(rope.theta, scaling.positive("rope_theta", top_theta));
  ATTUNE_TRY(rope.kind, parse_kind(scaling));
  if (rope.kind == RopeKind::standard) return rope;
  ATTUNE_TRY(rope.factor, scaling.positive("factor", std::nullopt));
  if (rope.kind == RopeKind::linear) return rope;
  ATTUNE_TRY(rope.low_frequency_factor, scaling.positive("low_freq_factor", std::nullopt));
  ATTUNE_TRY(rope.high_frequency_factor, scaling.positive("high_freq_factor", std::nullopt));
  ATTUNE_TRY(rope.original_positions,
             scaling.integer("original_max_position_embeddings", max_positions, 1, kMostPositions));
  if (rope.high_frequency_factor <= rope.low_frequency_factor) {
    return bad_input(
        {.where = scaling.place("high_freq_factor"),
         .found = fmt::format("{}", rope.high_frequency_factor),
         .wanted = fmt::format("more than low_freq_factor, {}", rope.low_frequency_factor)});
  }
  return rope;
}

void write_rope(const RopeSpec& rope, Json& config) {
  config["rope_theta"] = shortest_double(rope.theta);
  config["rope_scaling"] = nullptr;
  if (rope.kind == RopeKind::standard) return;
  Json scaling = Json::object();
  scaling["rope_type"] = rope.kind == RopeKind::linear ? "linear" : "llama3";
  scaling["factor"] = shortest_double(rope.factor);
  if (rope.kind == RopeKind::llama3) {
    scaling["low_freq_factor"] = shortest_double(rope.low_frequency_factor);
    scaling["high_freq_factor"] = shortest_double(rope.high_frequency_factor);
    scaling["original_max_position_embeddings"] = rope.original_positions;
  }
  config["rope_scaling"] = std::move(scaling);
}

std::vector<float> inverse_frequencies(const RopeSpec& rope, std::int64_t head_dim) {
  std::vector<float> result;
  for (std::int64_t i = 0; i < head_dim / 2; ++i) {
    const double exponent = static_cast<double>(2 * i) / static_cast<double>(head_dim);
    double frequency = 1.0 / std::pow(static_cast<double>(rope.theta), exponent);
    if (rope.kind == RopeKind::linear) frequency /= rope.factor;
    if (rope.kind == RopeKind::llama3) {
      // Long waves are stretched by factor, short ones kept, those between blended.
      const auto original = static_cast<double>(rope.original_positions);
      const double wavelength = 2.0 * std::numbers::pi / frequency;
      if (wavelength > original / rope.low_frequency_factor) {
        frequency /= rope.factor;
      } else if (wavelength >= original / rope.high_frequency_factor) {
        const double low = rope.low_frequency_factor, high = rope.high_frequency_factor;
        const double kept = (original / wavelength - low) / (high - low);
        frequency = (1.0 - kept) * frequency / rope.factor + kept * frequency;
      }
    }
    result.push_back(static_cast<float>(frequency));
  }
  return result;
}

void fill_rotations(ThreadPool& pool, std::span<const float> inverse_frequency,
                    std::span<const std::int32_t> positions, float* cosine, float* sine) {
  const auto half = static_cast<std::int64_t>(inverse_frequency.size());
  pool.split(static_cast<std::int64_t>(positions.size()), 16, [&](Range rows, int) {
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const auto position = static_cast<float>(positions[static_cast<std::size_t>(row)]);
      for (std::int64_t i = 0; i < half; ++i) {
        const double angle =
            static_cast<double>(position * inverse_frequency[static_cast<std::size_t>(i)]);
        cosine[row * half + i] = static_cast<float>(std::cos(angle));
        sine[row * half + i] = static_cast<float>(std::sin(angle));
      }
    }
  });
}

}  // namespace attune::model
