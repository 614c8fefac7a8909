#include "model/arch_spec.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "model/config_fields.h"
#include "model/rope.h"

namespace attune::model {

namespace {

constexpr std::int64_t kMostWidth = std::int64_t{1} << 20;
constexpr std::int64_t kMostVocabulary = std::int64_t{1} << 24;
constexpr std::int64_t kMostLayers = 4096;
constexpr std::int64_t kMostPositions = std::int64_t{1} << 30;
constexpr std::int64_t kMostHeadDim = 256;

// What the family's configuration class fills in when config.json is silent.
struct Family {
  std::string_view name;
  std::string_view class_name;
  std::int64_t max_positions;
  std::int64_t kv_heads;        // 0: as many as heads
  std::int64_t head_dim;        // 0: hidden / heads
  std::int64_t sliding_window;  // 0: the family has none
  bool reads_attention_bias, reads_mlp_bias;
};

constexpr std::array<Family, 4> kFamilies{{
    {"llama", "LlamaForCausalLM", 2048, 0, 0, 0, true, true},
    {"mistral", "MistralForCausalLM", 4096 * 32, 8, 0, 4096, false, false},
    {"qwen2", "Qwen2ForCausalLM", 32768, 32, 0, 4096, false, false},
    {"qwen3", "Qwen3ForCausalLM", 32768, 32, 128, 4096, true, false},
}};

const Family* find_family(std::string_view name) {
  const auto found = std::find_if(kFamilies.begin(), kFamilies.end(),
                                  [&](const Family& family) { return family.name == name; });
  return found == kFamilies.end() ? nullptr : &*found;
}

Result<void> refuse_unsupported(const ConfigFields& fields) {
  if (const Json* quantization = fields.find("quantization_config");
      quantization != nullptr && is_truthy(*quantization)) {
    return bad_input({.where = fields.place("quantization_config"),
                      .found = "quantized weights",
                      .wanted = "weights in F32, F16 or BF16",
                      .fix = "use the model's unquantized version"});
  }
  for (const char* name : {"num_experts", "num_local_experts", "n_routed_experts"}) {
    if (const Json* experts = fields.find(name); experts != nullptr && is_truthy(*experts)) {
      return bad_input({.where = fields.place(name),
                        .found = fmt::format("a mixture of {} experts", shown(*experts)),
                        .wanted = "a dense model"});
    }
  }
  ATTUNE_TRY(const std::string activation, fields.text("hidden_act", "silu"));
  if (activation != "silu" && activation != "swish") {
    return bad_input({.where = fields.place("hidden_act"), .found = activation, .wanted = "silu"});
  }
  return {};
}

Result<void> parse_sizes(const ConfigFields& fields, const Family& family, ArchSpec& spec) {
  ATTUNE_TRY(spec.hidden, fields.integer("hidden_size", std::nullopt, 1, kMostWidth));
  ATTUNE_TRY(spec.layers, fields.integer("num_hidden_layers", std::nullopt, 1, kMostLayers));
  ATTUNE_TRY(spec.heads, fields.integer("num_attention_heads", std::nullopt, 1, kMostWidth));
  ATTUNE_TRY(spec.intermediate, fields.integer("intermediate_size", std::nullopt, 1, kMostWidth));
  ATTUNE_TRY(spec.vocabulary, fields.integer("vocab_size", std::nullopt, 1, kMostVocabulary));
  ATTUNE_TRY(spec.max_positions,
             fields.integer("max_position_embeddings", family.max_positions, 1, kMostPositions));
  ATTUNE_TRY(spec.norm_epsilon, fields.positive("rms_norm_eps", 1e-6f));

  // An explicit null means one key/value head for each query head, whatever the class's default.
  const bool silent = !fields.object.contains("num_key_value_heads");
  const std::int64_t default_kv_heads =
      silent && family.kv_heads > 0 ? family.kv_heads : spec.heads;
  ATTUNE_TRY(spec.kv_heads, fields.integer("num_key_value_heads", default_kv_heads, 1, kMostWidth));
  if (spec.heads % spec.kv_heads != 0) {
    return bad_input(
        {.where = fields.place("num_key_value_heads"),
         .found = fmt::format("{} key/value heads for {} heads", spec.kv_heads, spec.heads),
         .wanted = "a divisor of num_attention_heads"});
  }

  const std::int64_t default_head_dim =
      family.head_dim > 0 ? family.head_dim : spec.hidden / spec.heads;
  ATTUNE_TRY(spec.head_dim, fields.integer("head_dim", default_head_dim, 2, kMostHeadDim));
  if (spec.head_dim < 2 || spec.head_dim > kMostHeadDim || spec.head_dim % 2 != 0 ||
      spec.q_width() > kMostWidth) {
    return bad_input({.where = fields.place("head_dim"),
                      .found = fmt::format("{} heads of size {}", spec.heads, spec.head_dim),
                      .wanted = fmt::format("an even size from 2 to {}", kMostHeadDim)});
  }
  return {};
}

// By layer_types, else by max_window_layers (layers from it on have a window). A mixture is
// refused.
Result<bool> every_layer_windowed(const ConfigFields& fields, std::int64_t layers) {
  std::int64_t windowed = 0;
  std::string_view field = "layer_types";
  if (const Json* types = fields.find("layer_types"); types != nullptr) {
    if (!types->is_array() || static_cast<std::int64_t>(types->size()) != layers) {
      return bad_input({.where = fields.place("layer_types"),
                        .found = shown(*types),
                        .wanted = fmt::format("a list of {} types", layers)});
    }
    for (const Json& type : *types) {
      if (type != "full_attention" && type != "sliding_attention") {
        return bad_input({.where = fields.place("layer_types"),
                          .found = shown(type),
                          .wanted = "full_attention or sliding_attention"});
      }
      windowed += type == "sliding_attention" ? 1 : 0;
    }
  } else {
    field = "max_window_layers";
    ATTUNE_TRY(const std::int64_t first_windowed, fields.integer(field, 28, 0, kMostPositions));
    windowed = std::max<std::int64_t>(0, layers - first_windowed);
  }
  if (windowed != 0 && windowed != layers) {
    return bad_input({.where = fields.place(field),
                      .found = fmt::format("a sliding window in {} of {} layers", windowed, layers),
                      .wanted = "a window in every layer or in none"});
  }
  return windowed == layers;
}

Result<void> parse_window(const ConfigFields& fields, const Family& family, ArchSpec& spec) {
  spec.sliding_window = 0;
  if (family.name == "llama") return {};
  const bool silent = !fields.object.contains("sliding_window");
  ATTUNE_TRY(
      const std::int64_t window,
      fields.integer("sliding_window", silent ? family.sliding_window : 0, 0, kMostPositions));
  if (family.name == "mistral") {
    spec.sliding_window = window;
    return {};
  }
  ATTUNE_TRY(const bool used, fields.boolean("use_sliding_window", false));
  if (!used && fields.find("layer_types") == nullptr) return {};
  ATTUNE_TRY(const bool every, every_layer_windowed(fields, spec.layers));
  if (!every) return {};
  if (!used || window == 0) {
    return bad_input({.where = fields.place("layer_types"),
                      .found = "sliding_attention without use_sliding_window and sliding_window",
                      .wanted = "both fields, or full_attention"});
  }
  spec.sliding_window = window;
  return {};
}

Result<void> parse_special_tokens(const ConfigFields& fields, ArchSpec& spec) {
  ATTUNE_TRY(spec.begin_token, fields.integer("bos_token_id", -1, -1, kMostVocabulary));
  const Json* end = fields.find("eos_token_id");
  if (end == nullptr) return {};
  const Json list = end->is_array() ? *end : Json::array({*end});
  for (const Json& token : list) {
    if (!token.is_number_integer() || token < -1 || token > kMostVocabulary) {
      return bad_input({.where = fields.place("eos_token_id"),
                        .found = shown(*end),
                        .wanted = "a token id or a list of them"});
    }
    if (token >= 0) spec.end_tokens.push_back(token.get<std::int64_t>());
  }
  return {};
}

}  // namespace

std::int64_t ArchSpec::parameters() const {
  const std::int64_t attention = hidden * (2 * q_width() + 2 * kv_width()) +
                                 (qkv_bias ? q_width() + 2 * kv_width() : 0) +
                                 (o_bias ? hidden : 0) + (qk_norm ? 2 * head_dim : 0);
  const std::int64_t mlp = 3 * hidden * intermediate + (mlp_bias ? 2 * intermediate + hidden : 0);
  return vocabulary * hidden * (tied ? 1 : 2) + layers * (attention + mlp + 2 * hidden) + hidden;
}

Result<ArchSpec> parse_arch_spec(const Json& config, std::string_view where) {
  if (!config.is_object()) {
    return bad_input(
        {.where = std::string(where), .found = shown(config), .wanted = "a JSON object"});
  }
  const ConfigFields fields{config, std::string(where)};
  ArchSpec spec;
  ATTUNE_TRY(spec.family, fields.text("model_type", std::nullopt));
  const Family* family = find_family(spec.family);
  if (family == nullptr) {
    return bad_input({.where = fields.place("model_type"),
                      .found = fmt::format("the family \"{}\"", spec.family),
                      .wanted = "llama, mistral, qwen2 or qwen3",
                      .fix = "choose a base model of one of these families"});
  }
  ATTUNE_TRY_VOID(refuse_unsupported(fields));
  ATTUNE_TRY_VOID(parse_sizes(fields, *family, spec));
  ATTUNE_TRY(spec.rope, parse_rope(fields, spec.max_positions));
  ATTUNE_TRY_VOID(parse_window(fields, *family, spec));
  ATTUNE_TRY(const bool attention_bias, fields.boolean("attention_bias", false));
  ATTUNE_TRY(const bool mlp_bias, fields.boolean("mlp_bias", false));
  spec.qkv_bias = spec.family == "qwen2" || (family->reads_attention_bias && attention_bias);
  spec.o_bias = family->reads_attention_bias && attention_bias;
  spec.mlp_bias = family->reads_mlp_bias && mlp_bias;
  spec.qk_norm = spec.family == "qwen3";
  ATTUNE_TRY(spec.tied, fields.boolean("tie_word_embeddings", false));
  ATTUNE_TRY_VOID(parse_special_tokens(fields, spec));
  return spec;
}

Json to_config(const ArchSpec& spec) {
  const Family* family = find_family(spec.family);
  CHECK(family != nullptr, "unknown family {}", spec.family);
  Json config = Json::object();
  config["architectures"] = Json::array({family->class_name});
  config["model_type"] = spec.family;
  config["hidden_size"] = spec.hidden;
  config["intermediate_size"] = spec.intermediate;
  config["num_hidden_layers"] = spec.layers;
  config["num_attention_heads"] = spec.heads;
  config["num_key_value_heads"] = spec.kv_heads;
  config["head_dim"] = spec.head_dim;
  config["vocab_size"] = spec.vocabulary;
  config["max_position_embeddings"] = spec.max_positions;
  config["rms_norm_eps"] = shortest_double(spec.norm_epsilon);
  write_rope(spec.rope, config);
  config["hidden_act"] = "silu";
  config["tie_word_embeddings"] = spec.tied;
  if (family->reads_attention_bias) config["attention_bias"] = spec.qkv_bias;
  if (family->reads_mlp_bias) config["mlp_bias"] = spec.mlp_bias;
  if (family->sliding_window > 0) {
    const bool windowed = spec.sliding_window > 0;
    config["sliding_window"] = windowed ? Json(spec.sliding_window) : Json(nullptr);
    if (spec.family != "mistral") {
      config["use_sliding_window"] = windowed;
      config["max_window_layers"] = windowed ? 0 : spec.layers;
    }
  }
  if (spec.begin_token >= 0) config["bos_token_id"] = spec.begin_token;
  if (spec.end_tokens.size() == 1) config["eos_token_id"] = spec.end_tokens.front();
  if (spec.end_tokens.size() > 1) config["eos_token_id"] = spec.end_tokens;
  return config;
}

}  // namespace attune::model
