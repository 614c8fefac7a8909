// The rows of one file to examples: finds the format of each row once per set of columns, counts
// which formats occur, and says why.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "data/mapping.h"
#include "data/raw_rows.h"
#include "data/shapes.h"

namespace attune::data {

class RowConverter {
 public:
  // `mapping` decides when it has content; else `format` when it is not null; else the columns of
  // each row. `source` must outlive the converter.
  RowConverter(Mapping mapping, const KnownFormat* format, const std::string& source);

  // A mapped column that no row has is a mistake in the mapping, and fatal.
  Result<void> check_columns(const std::vector<RawRow>& rows) const;

  // The examples of a row, whole but for their ids; an error when it cannot be converted.
  Result<std::vector<Example>> convert(const RawRow& row);

  // The columns of the row that its format gave no meaning to, as an object.
  Json rest_of(const RawRow& row) const;

  // Several formats in one file are refused, with the first row of each.
  Result<void> check_one_format() const;

  std::vector<std::string> evidence(const std::vector<RawRow>& rows) const;

 private:
  struct Count {
    std::int64_t rows = 0;
    std::string first;  // where
    std::string_view confidence;
  };

  Result<const RowShape*> shape_of(const RawRow& row);
  void count(const std::string& name, std::string_view confidence, const RawRow& row);

  Mapping mapping_;
  const KnownFormat* format_;
  const std::string& source_;
  std::map<std::string, Count> counts_;
  std::set<std::string> used_ = {"id", "split"};
  std::map<std::string, RowShape> shapes_;  // by the names of the columns
};

}  // namespace attune::data
