// adapter_config.json of PEFT: the part of it that decides the arithmetic, and which modules it
// adapts.
//
//   ATTUNE_TRY(const PeftConfig config, parse_peft_config(json, where));
//   if (const auto adapted = config.adapts("model.layers.0.self_attn.q_proj")) ...   // its rank
//   and alpha
//
// A field that would change the arithmetic in a way that we do not compute is refused by name, and
// so is an unknown field that is set.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "model/model.h"

namespace attune::model {

// A set of module paths: a list of names, a regular expression that must match whole, or every
// linear.
struct ModuleFilter {
  bool every_linear = false;
  std::vector<std::string> names;  // the path is a name or ends with "." + name
  std::string expression;
};

struct PatternValue {
  std::string key;  // a regular expression, matched as (.*\.)?key
  double value = 0;
};

struct ModuleAdapter {
  std::int64_t rank = 0;
  float alpha = 0;
};

struct PeftConfig {
  std::string where;
  LoraConfig lora;  // targets: set by whoever knows which modules the model has
  ModuleFilter targets, excluded;
  std::vector<std::int64_t> layers;  // layers_to_transform; empty: all
  std::vector<PatternValue> rank_pattern, alpha_pattern;

  // How a module of the model is adapted; nothing when it is not.
  Result<std::optional<ModuleAdapter>> adapts(std::string_view module_path,
                                              std::int64_t layer) const;
};

Result<PeftConfig> parse_peft_config(const Json& json, std::string where);

// The adapter_config.json of an adapter whose modules are `module_paths` or names that select them.
Json to_peft_config(const LoraConfig& lora, const std::string& base_model_name,
                    const std::vector<std::string>& module_paths,
                    const std::vector<PatternValue>& rank_pattern,
                    const std::vector<PatternValue>& alpha_pattern);

}  // namespace attune::model
