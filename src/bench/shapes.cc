#include "bench/shapes.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace attune::bench {

namespace {

struct Shape {
  std::string_view name;
  model::ArchSpec spec;
};

const std::array<Shape, 6>& shapes() {
  static const std::array<Shape, 6> kShapes = {{
      {"attune-base",
       {.family = "llama",
        .hidden = 288,
        .layers = 8,
        .heads = 9,
        .kv_heads = 3,
        .head_dim = 32,
        .intermediate = 768,
        .vocabulary = 4096,
        .max_positions = 2048,
        .rope = {.theta = 500000.0f},
        .tied = true}},
      {"smollm2-135m",
       {.family = "llama",
        .hidden = 576,
        .layers = 30,
        .heads = 9,
        .kv_heads = 3,
        .head_dim = 64,
        .intermediate = 1536,
        .vocabulary = 49152,
        .max_positions = 8192,
        .rope = {.theta = 100000.0f},
        .tied = true}},
      {"qwen2.5-0.5b",
       {.family = "qwen2",
        .hidden = 896,
        .layers = 24,
        .heads = 14,
        .kv_heads = 2,
        .head_dim = 64,
        .intermediate = 4864,
        .vocabulary = 151936,
        .max_positions = 32768,
        .norm_epsilon = 1e-6f,
        .rope = {.theta = 1000000.0f},
        .qkv_bias = true,
        .tied = true}},
      {"qwen3-0.6b",
       {.family = "qwen3",
        .hidden = 1024,
        .layers = 28,
        .heads = 16,
        .kv_heads = 8,
        .head_dim = 128,
        .intermediate = 3072,
        .vocabulary = 151936,
        .max_positions = 40960,
        .norm_epsilon = 1e-6f,
        .rope = {.theta = 1000000.0f},
        .qk_norm = true,
        .tied = true}},
      {"llama-3.2-1b",
       {.family = "llama",
        .hidden = 2048,
        .layers = 16,
        .heads = 32,
        .kv_heads = 8,
        .head_dim = 64,
        .intermediate = 8192,
        .vocabulary = 128256,
        .max_positions = 131072,
        .rope = {.theta = 500000.0f, .kind = model::RopeKind::llama3, .factor = 32.0f},
        .tied = true}},
      {"llama-7b",
       {.family = "llama",
        .hidden = 4096,
        .layers = 32,
        .heads = 32,
        .kv_heads = 32,
        .head_dim = 128,
        .intermediate = 11008,
        .vocabulary = 32000,
        .max_positions = 4096}},
  }};
  return kShapes;
}

}  // namespace

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const Shape& shape : shapes()) names.emplace_back(shape.name);
  return names;
}

Result<model::ArchSpec> named_shape(std::string_view name) {
  for (const Shape& shape : shapes()) {
    if (shape.name == name) return shape.spec;
  }
  return bad_input({.where = "--shape",
                    .found = std::string(name),
                    .wanted = fmt::format("one of {}", fmt::join(shape_names(), ", ")),
                    .fix = "choose one of them, or give a model's config.json with --config"});
}

}  // namespace attune::bench
