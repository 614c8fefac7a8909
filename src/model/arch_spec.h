// What distinguishes one decoder-only transformer from another, as data. One forward and one
// backward serve every family; parse_arch_spec reads a Hugging Face config.json into it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::model {

enum class RopeKind { standard, linear, llama3 };

struct RopeSpec {
  float theta = 10000.0f;
  RopeKind kind = RopeKind::standard;
  float factor = 1.0f;
  float low_frequency_factor = 1.0f;       // llama3
  float high_frequency_factor = 4.0f;      // llama3
  std::int64_t original_positions = 8192;  // llama3

  bool operator==(const RopeSpec&) const = default;
};

struct ArchSpec {
  std::string family;  // model_type: llama, mistral, qwen2, qwen3
  std::int64_t hidden = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t intermediate = 0, vocabulary = 0, max_positions = 0;
  float norm_epsilon = 1e-5f;
  RopeSpec rope = {};
  std::int64_t sliding_window = 0;  // 0: none
  bool qkv_bias = false, o_bias = false, mlp_bias = false;
  bool qk_norm = false;           // RMSNorm over head_dim on q and k before RoPE (Qwen3)
  bool tied = false;              // lm_head is the embedding
  std::int64_t begin_token = -1;  // bos_token_id; -1: none
  std::vector<std::int64_t> end_tokens = {};  // eos_token_id, one or several

  std::int64_t q_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
  // Parameters of all weights (tied ones counted once).
  std::int64_t parameters() const;

  bool operator==(const ArchSpec&) const = default;
};

// `config` is config.json, `where` its path for messages. An unsupported model_type, activation,
// rope type or quantization is refused by name.
Result<ArchSpec> parse_arch_spec(const Json& config, std::string_view where);
// The config.json that parse_arch_spec reads back to the same spec.
Json to_config(const ArchSpec& spec);

}  // namespace attune::model
