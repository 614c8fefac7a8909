// What `attune tune` and `attune data prepare` are told about the data.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "data/prepare.h"
#include "grammar/contract.h"

namespace attune::cli {

struct DataOptions {
  std::string file, map, contract, format = "auto", dataset, normalise, system = "keep";
  std::vector<std::string> synthetic;  // files of marks besides the one beside the data
  bool allow_mixed = false;
  bool keep_breakers = false;

  void declare(CLI::App& command);
  void declare_reading(CLI::App& command);  // all but what only preparing needs
  void declare_file(CLI::App& command);     // the file, and how it is read
  void declare_normalisers(CLI::App& command);
  void declare_synthetic(CLI::App& command);
  // Nothing when no file tells which rows a model wrote.
  Result<std::optional<data::SyntheticMarks>> load_marks() const;
  Result<std::optional<grammar::Contract>> load_contract() const;
  data::ReadOptions read_options() const;
  data::NormaliseOptions normalise_options() const;
  // `contract` must outlive the result.
  data::PrepareOptions prepare_options(const std::optional<grammar::Contract>& contract) const;
};

}  // namespace attune::cli
