// --pii and --pii-rules: what is done about secrets and personal data.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "data/pii.h"

namespace attune::cli {

struct PiiOptions {
  std::string policy = "report";
  std::string rules;

  void declare(CLI::App& command);
  data::PiiPolicy chosen() const;
  // The built-in rules, and those of the file.
  Result<data::PiiScanner> scanner() const;
};

}  // namespace attune::cli
