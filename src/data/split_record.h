// Where the rows of an earlier split stand, so that a later one moves none of them.
//
// split.json: {"version":1, "train":[...], "validation":[...], "test":[...]}, each a sorted list of
// prompt hashes (example_texts.h) of 16 hexadecimal digits. A row is known again by what stands
// before its answer, whatever its place in the file and whatever became of its answer.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "base/result.h"
#include "data/dataset.h"
#include "data/split.h"

namespace attune::data {

inline constexpr const char* kSplitRecordName = "split.json";

struct SplitRecord {
  std::map<std::uint64_t, Part> parts;  // by prompt hash

  // Adds the rows of a split; a row that was there keeps its part.
  void add(std::span<const Example> examples, const Split& split);
};

Result<void> write_split_record(const SplitRecord& record, const Path& path);
// Refused: what is not a record of version 1.
Result<SplitRecord> read_split_record(const Path& path);

}  // namespace attune::data
