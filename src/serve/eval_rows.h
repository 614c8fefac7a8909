// The rows of an eval run: those of the request, or the lines of a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "io/json.h"

namespace attune::serve {

class EvalRows {
 public:
  static EvalRows of_content(Json content);
  // One row on each line that is not empty.
  static Result<EvalRows> of_file(const Path& path);

  std::int64_t size() const;
  // An error says the line and what is wrong there.
  Result<Json> row(std::int64_t number) const;

 private:
  struct Line {
    std::size_t begin = 0, end = 0;
    std::int64_t number = 0;  // from 1
  };
  EvalRows() = default;

  Json content_ = Json::array();
  std::optional<MappedFile> file_;
  std::vector<Line> lines_;
};

}  // namespace attune::serve
