// Options that several commands share, and the objects they stand for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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
  // For those who only answer with it (Model::arrange_for_answers).
  Result<model::Model> load_for_answers() const;
  Result<kernels::Context> context() const;
};

// --dtype; with_quantised: also those that a frozen base alone can have.
void declare_dtype(CLI::App& command, std::string& dtype, bool with_quantised);
Result<model::Precision> parse_precision(std::string_view name);

// A file's content, or standard input for "-".
Result<std::string> read_text(const std::string& path);

// "1,2,3" as token ids; a fault names the entry.
Result<std::vector<std::int32_t>> parse_token_list(std::string_view list);

}  // namespace attune::cli
