// Which rows a model wrote. Hosted validators refuse keys that they do not know, so the label does
// not stand in the row: synthetic.json beside the file holds a fingerprint of each such row, and
// whoever reads the file can tell, in whatever order the rows are and among whatever others.
//
//   {"version":1,"rows":["<64 hexadecimal digits>", ...]}
//
// A row's fingerprint is the SHA-256 of its last question and last answer as comparison_key() has
// them, so that the usual repairs, another system message, and other white space change nothing.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/example.h"
#include "io/file.h"

namespace attune::data {

inline constexpr const char* kSyntheticName = "synthetic.json";

class SyntheticMarks {
 public:
  void add(const Example& example);
  bool holds(const Example& example) const;
  // By the contents of the last user and the last assistant message.
  bool holds(std::string_view question, std::string_view answer) const;

  std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }

  // Adds those of a file. Refused: what is not such a file of version 1.
  Result<void> load(const Path& path);
  Result<void> write(const Path& path) const;

 private:
  std::set<std::string, std::less<>> rows_;
};

// "12 of 40 rows (30.0 %) were written by a model"
std::string synthetic_line(std::int64_t synthetic, std::int64_t rows);

}  // namespace attune::data
