// Options that several commands share, and the objects they stand for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/result.h"
#include "io/file.h"
#include "kernels/context.h"
#include "model/model.h"

namespace attune::cli {

// --model, --adapter, --dtype, --threads: a model ready to compute with.
struct ModelOptions {
  std::string model;
  std::string adapter;
  std::string dtype = "bf16";
  int threads = 0;

  void declare(CLI::App& command, bool with_adapter);
  // An adapter alone names its base in adapter_config.json.
  Result<void> find_base();
  Result<model::Model> load() const;
  Result<kernels::Context> context() const;
};

// The names of precisions: of a frozen base, and of one that is trained or multiplied alone.
inline const std::vector<std::string> kPrecisions = {"f32", "bf16", "int8", "nf4"};
inline const std::vector<std::string> kTrainedPrecisions = {"f32", "bf16"};
inline constexpr std::string_view kPrecisionHelp =
    "Arithmetic of products, f32 or bf16; int8 or nf4: bf16, and the base held in 8 or 4 bits";
Result<model::Precision> parse_precision(std::string_view name);

// A file's content, or standard input for "-".
Result<std::string> read_text(const std::string& path);

// "1,2,3" as token ids; a fault names the entry.
Result<std::vector<std::int32_t>> parse_token_list(std::string_view list);

}  // namespace attune::cli
