// Typed reading of the fields of a JSON object, with errors that name the file and the field. A
// field that is null counts as absent.
//
//   const ConfigFields fields{config, "model/config.json"};
//   ATTUNE_TRY(spec.layers, fields.integer("num_hidden_layers", std::nullopt, 1, 4096));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/json.h"

namespace attune::model {

struct ConfigFields {
  const Json& object;
  std::string where;

  // Null when the field is absent or null.
  const Json* find(std::string_view name) const;
  // "where: name", for messages.
  std::string place(std::string_view name) const;

  // Without a default the field is required.
  Result<std::int64_t> integer(std::string_view name, std::optional<std::int64_t> otherwise,
                               std::int64_t least, std::int64_t most) const;
  Result<float> positive(std::string_view name, std::optional<float> otherwise) const;
  Result<bool> boolean(std::string_view name, bool otherwise) const;
  Result<std::string> text(std::string_view name, std::optional<std::string> otherwise) const;
};

// A short form of a JSON value for messages.
std::string shown(const Json& value);

// As Python's bool(): false for null, false, 0, "", [] and {}.
bool is_truthy(const Json& value);

// The double with the fewest digits that reads back to this float: 1e-05,
// not 9.999999747378752e-06.
double shortest_double(float value);

}  // namespace attune::model
