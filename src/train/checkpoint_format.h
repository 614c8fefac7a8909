// The text of a checkpoint's state.json.
//
//   {"format":1,"step":120,...,"isa":"avx2","settings":{"learning_rate":"0.0002",...},"tensors_xxh3":"9f..."}
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "train/checkpoint.h"

namespace attune::train {

struct StateFile {
  TrainingState state;
  std::string isa;
  Settings settings;
  std::string tensors_digest;  // XXH3-64 of tensors.safetensors, hexadecimal
};

std::string write_state(const StateFile& file);
// `where` is the path for messages. Every field must be there, of its type and not negative.
Result<StateFile> parse_state(std::string_view text, const std::string& where);

}  // namespace attune::train
