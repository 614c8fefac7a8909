// Dividing examples into train, validation and test, so that the test measures what the model has
// not seen.
//
// Rows that ask the same question stay together: the group is the normalised first user turn (case,
// white space and Unicode forms do not count), so exact duplicates and a conversation's own
// beginnings never stand on two sides. Where more than half of the rows share that turn it says
// nothing, and all user turns, then the system turns too, make the group. A group's side follows
// from a hash of its text alone: the same rows split the same way in any order, and with ratios a
// row keeps its side when others are added.
//
//   ATTUNE_TRY(Split split, split_examples(examples, {.test = 0.2, .most_train_rows = 500}));
//
// Pairs of rows that are alike (duplicates.h) can be given; they join groups into clusters, which
// stay together too. A cluster's side follows from one of its texts, so a row that is added can
// move a cluster; the record of an earlier split (split_record.h) prevents it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "data/near_duplicates.h"
#include "data/report.h"

namespace attune::data {

enum class Part { train, validation, test };
std::string_view part_name(Part part);
// "train", "training"; "validation", "valid", "val", "dev", "eval"; "test", "held_out", "heldout",
// "holdout".
std::optional<Part> part_from_name(std::string_view name);

struct SplitRecord;

struct SplitOptions {
  double validation = 0.1;  // shares of all rows, used where no count is given
  double test = 0.2;
  std::optional<std::int64_t> validation_rows = {};  // exact as far as groups allow (never more)
  std::optional<std::int64_t> test_rows = {};
  std::optional<std::int64_t> most_train_rows = {};  // the rest is left unused
  std::uint64_t seed = 0;
  std::span<const NearPair> alike = {};  // rows that stand on one side; indices into the examples
  const SplitRecord* earlier = nullptr;  // rows that it has stay where they are
  bool test_is_frozen = false;           // no row joins the test that `earlier` does not put there
};

// Indices into the examples, each list rising.
struct Split {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  std::vector<std::int64_t> test;
  std::vector<std::int64_t> unused;  // beyond most_train_rows, or left out because they would leak
  std::string grouped_by;            // "first user turn", "all user turns", "system and user turns"
  // Rows left out: a row of a later part asks the same or nearly; new rows that join clusters which
  // stand in two parts; new rows that ask what a frozen test asks.
  std::vector<Finding> findings;
};

// Rows that name their part (Example::split: a column, or a test file of its own) stand there; the
// rest is divided among the parts that no row names. A row whose question also stands in the test
// (or, for training rows, in the validation) part is left out. Refused: an unknown part name,
// shares that leave nothing for training, a part that comes out empty although it was asked for.
Result<Split> split_examples(std::span<const Example> examples, const SplitOptions& options);

// Says that every example belongs to `part`: how a test file of its own joins the rows to split.
void assign_part(std::span<Example> examples, Part part);

}  // namespace attune::data
