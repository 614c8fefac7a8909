#include "model/peft_config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/config_fields.h"
#include "model/module_pattern.h"

namespace attune::model {

namespace {

constexpr std::int64_t kMostRank = 4096;
constexpr std::int64_t kMostLayer = 1 << 20;

// Fields whose value we read, or that change nothing about the arithmetic of a trained adapter. Any
// other field that is set is refused.
constexpr std::array<std::string_view, 24> kAccepted = {
    "peft_type",       "r",
    "lora_alpha",      "lora_dropout",
    "use_rslora",      "target_modules",
    "exclude_modules", "layers_to_transform",
    "layers_pattern",  "rank_pattern",
    "alpha_pattern",   "bias",
    "task_type",       "init_lora_weights",
    "auto_mapping",    "base_model_name_or_path",
    "revision",        "inference_mode",
    "eva_config",      "megatron_core",
    "peft_version",    "qalora_group_size",
    "runtime_config",  "ensure_weight_tying",
};

Result<void> refuse_unsupported(const ConfigFields& fields) {
  for (const auto& [name, value] : fields.object.items()) {
    const bool accepted = std::find(kAccepted.begin(), kAccepted.end(), name) != kAccepted.end();
    if (accepted || !is_truthy(value)) continue;
    return bad_input({.where = fields.place(name),
                      .found = shown(value),
                      .wanted = "a plain LoRA adapter without it",
                      .fix = fmt::format("train the adapter without {}", name)});
  }
  return {};
}

Result<void> check_kind(const ConfigFields& fields) {
  ATTUNE_TRY(const std::string type, fields.text("peft_type", std::nullopt));
  if (type != "LORA") {
    return bad_input({.where = fields.place("peft_type"), .found = type, .wanted = "LORA"});
  }
  ATTUNE_TRY(const std::string task, fields.text("task_type", "CAUSAL_LM"));
  if (task != "CAUSAL_LM") {
    return bad_input({.where = fields.place("task_type"), .found = task, .wanted = "CAUSAL_LM"});
  }
  ATTUNE_TRY(const std::string bias, fields.text("bias", "none"));
  if (bias != "none") {
    return bad_input({.where = fields.place("bias"), .found = bias, .wanted = "none"});
  }
  const Json* pattern = fields.find("layers_pattern");
  if (pattern != nullptr && is_truthy(*pattern) && *pattern != "layers" &&
      *pattern != Json::array({"layers"})) {
    return bad_input(
        {.where = fields.place("layers_pattern"), .found = shown(*pattern), .wanted = "layers"});
  }
  // Some initialisations also change the base weights, which the adapter's folder does not hold.
  const Json* initial = fields.find("init_lora_weights");
  const bool keeps_base = initial == nullptr || initial->is_boolean() || *initial == "gaussian" ||
                          *initial == "eva" || *initial == "orthogonal";
  if (!keeps_base) {
    return bad_input({.where = fields.place("init_lora_weights"),
                      .found = shown(*initial),
                      .wanted = "an initialisation that leaves the base weights as they are",
                      .fix = "convert the adapter to plain LoRA with PEFT"});
  }
  return {};
}

Result<ModuleFilter> parse_filter(const ConfigFields& fields, std::string_view name) {
  ModuleFilter filter;
  const Json* value = fields.find(name);
  if (value == nullptr) return filter;
  if (value->is_string()) {
    filter.expression = value->get<std::string>();
    filter.every_linear = filter.expression == "all-linear";
    return filter;
  }
  const bool list =
      value->is_array() &&
      std::all_of(value->begin(), value->end(), [](const Json& item) { return item.is_string(); });
  if (!list) {
    return bad_input({.where = fields.place(name),
                      .found = shown(*value),
                      .wanted = "a list of module names, a regular expression or \"all-linear\""});
  }
  for (const Json& item : *value) filter.names.push_back(item.get<std::string>());
  return filter;
}

Result<std::vector<std::int64_t>> parse_layers(const ConfigFields& fields) {
  std::vector<std::int64_t> layers;
  const Json* value = fields.find("layers_to_transform");
  if (value == nullptr) return layers;
  const Json list = value->is_array() ? *value : Json::array({*value});
  for (const Json& item : list) {
    if (!item.is_number_integer() || item < 0 || item > kMostLayer) {
      return bad_input({.where = fields.place("layers_to_transform"),
                        .found = shown(*value),
                        .wanted = "a layer's number or a list of them"});
    }
    layers.push_back(item.get<std::int64_t>());
  }
  return layers;
}

Result<std::vector<PatternValue>> parse_patterns(const ConfigFields& fields, std::string_view name,
                                                 bool whole, double most) {
  std::vector<PatternValue> patterns;
  const Json* object = fields.find(name);
  if (object == nullptr) return patterns;
  if (!object->is_object()) {
    return bad_input({.where = fields.place(name), .found = shown(*object), .wanted = "an object"});
  }
  for (const auto& [key, value] : object->items()) {
    const bool fits = whole ? value.is_number_integer() : value.is_number();
    if (!fits || !(value.get<double>() > 0) || !(value.get<double>() <= most)) {
      return bad_input({.where = fmt::format("{}.{}", fields.place(name), key),
                        .found = shown(value),
                        .wanted = "a positive number"});
    }
    patterns.push_back({.key = key, .value = value.get<double>()});
  }
  return patterns;
}

Result<bool> selects(const ModuleFilter& filter, std::string_view path, const std::string& where) {
  if (filter.every_linear) return true;
  if (!filter.expression.empty()) return matches_whole(filter.expression, path, where);
  return std::any_of(filter.names.begin(), filter.names.end(), [&](const std::string& name) {
    return path == name || path.ends_with("." + name);
  });
}

// The value of the first pattern that matches, as PEFT takes it.
Result<double> pattern_value(const std::vector<PatternValue>& patterns, std::string_view path,
                             double otherwise, const std::string& where) {
  for (const PatternValue& pattern : patterns) {
    ATTUNE_TRY(const bool matches,
               matches_whole(fmt::format("(?:.*\\.)?(?:{})", pattern.key), path, where));
    if (matches) return pattern.value;
  }
  return otherwise;
}

Json to_json(const std::vector<PatternValue>& patterns) {
  Json object = Json::object();
  for (const PatternValue& pattern : patterns) {
    const auto whole = static_cast<std::int64_t>(pattern.value);
    object[pattern.key] =
        static_cast<double>(whole) == pattern.value ? Json(whole) : Json(pattern.value);
  }
  return object;
}

}  // namespace

Result<std::optional<ModuleAdapter>> PeftConfig::adapts(std::string_view module_path,
                                                        std::int64_t layer) const {
  constexpr std::optional<ModuleAdapter> kNot = std::nullopt;
  ATTUNE_TRY(const bool out, selects(excluded, module_path, where + ": exclude_modules"));
  if (out) return kNot;
  ATTUNE_TRY(const bool in, selects(targets, module_path, where + ": target_modules"));
  if (!in) return kNot;
  if (!layers.empty() && std::find(layers.begin(), layers.end(), layer) == layers.end())
    return kNot;
  ATTUNE_TRY(const double rank,
             pattern_value(rank_pattern, module_path, static_cast<double>(lora.rank),
                           where + ": rank_pattern"));
  ATTUNE_TRY(const double alpha,
             pattern_value(alpha_pattern, module_path, static_cast<double>(lora.alpha),
                           where + ": alpha_pattern"));
  return ModuleAdapter{.rank = static_cast<std::int64_t>(rank), .alpha = static_cast<float>(alpha)};
}

Result<PeftConfig> parse_peft_config(const Json& json, std::string where) {
  if (!json.is_object()) {
    return bad_input({.where = std::move(where), .found = shown(json), .wanted = "a JSON object"});
  }
  const ConfigFields fields{json, where};
  ATTUNE_TRY_VOID(check_kind(fields));
  ATTUNE_TRY_VOID(refuse_unsupported(fields));
  PeftConfig config;
  config.where = std::move(where);
  ATTUNE_TRY(config.lora.rank, fields.integer("r", 8, 1, kMostRank));
  ATTUNE_TRY(config.lora.alpha, fields.positive("lora_alpha", 8.0f));
  ATTUNE_TRY(config.lora.rank_stabilised, fields.boolean("use_rslora", false));
  if (const Json* dropout = fields.find("lora_dropout"); dropout != nullptr) {
    const double value = dropout->is_number() ? dropout->get<double>() : -1.0;
    if (!(value >= 0 && value < 1)) {
      return bad_input({.where = fields.place("lora_dropout"),
                        .found = shown(*dropout),
                        .wanted = "at least 0 and less than 1"});
    }
    config.lora.dropout = static_cast<float>(value);
  }
  ATTUNE_TRY(config.targets, parse_filter(fields, "target_modules"));
  if (!config.targets.every_linear && config.targets.expression.empty() &&
      config.targets.names.empty()) {
    return bad_input({.where = fields.place("target_modules"),
                      .found = "no module",
                      .wanted = "a list of module names, a regular expression or \"all-linear\""});
  }
  ATTUNE_TRY(config.excluded, parse_filter(fields, "exclude_modules"));
  ATTUNE_TRY(config.layers, parse_layers(fields));
  ATTUNE_TRY(config.rank_pattern,
             parse_patterns(fields, "rank_pattern", true, static_cast<double>(kMostRank)));
  ATTUNE_TRY(config.alpha_pattern, parse_patterns(fields, "alpha_pattern", false, 1e30));
  return config;
}

Json to_peft_config(const LoraConfig& lora, const std::string& base_model_name,
                    const std::vector<std::string>& module_paths,
                    const std::vector<PatternValue>& rank_pattern,
                    const std::vector<PatternValue>& alpha_pattern) {
  const auto whole_alpha = static_cast<std::int64_t>(lora.alpha);
  Json json = Json::object();
  json["peft_type"] = "LORA";
  json["task_type"] = "CAUSAL_LM";
  json["base_model_name_or_path"] = base_model_name;
  json["revision"] = nullptr;
  json["inference_mode"] = true;
  json["r"] = lora.rank;
  json["lora_alpha"] = static_cast<float>(whole_alpha) == lora.alpha
                           ? Json(whole_alpha)
                           : Json(shortest_double(lora.alpha));
  json["lora_dropout"] = shortest_double(lora.dropout);
  json["use_rslora"] = lora.rank_stabilised;
  json["use_dora"] = false;
  json["target_modules"] = module_paths;
  json["exclude_modules"] = nullptr;
  json["layers_to_transform"] = nullptr;
  json["layers_pattern"] = nullptr;
  json["rank_pattern"] = to_json(rank_pattern);
  json["alpha_pattern"] = to_json(alpha_pattern);
  json["modules_to_save"] = nullptr;
  json["bias"] = "none";
  json["fan_in_fan_out"] = false;
  json["init_lora_weights"] = true;
  return json;
}

}  // namespace attune::model
