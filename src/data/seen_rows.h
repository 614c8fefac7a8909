// What is remembered of rows to know them again to the letter: two hashes, the line and the name
// of each, about 50 bytes. For files too large to keep.
//
//   SeenRows seen;
//   seen.add({.prompt = ..., .answer = ..., .line = 7}, "row 7");
//   for (const SeenRows::Repeat& repeat : seen.repeats()) ...
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/split.h"
#include "io/json_tree.h"

namespace attune::data {

// Hashes of what is said, white space around each text aside.
struct RowHashes {
  std::uint64_t prompt = 0;  // all before the last answer
  std::uint64_t answer = 0;
  bool asks = false;  // there is a prompt that is not blank
};
// `messages` is a list whose last message answers if it is an assistant's, or a text, or absent.
// `answers` stands for the answer where the list has none.
RowHashes hash_row(JsonRef messages, JsonRef tools, std::string_view answers);

struct SeenRow {
  RowHashes hashes;
  std::int64_t line = 0;
  std::optional<Part> part = {};
  bool one_answer = true;  // another answer to the same prompt contradicts this one
};

class SeenRows {
 public:
  void add(const SeenRow& row, std::string_view id);

  std::size_t size() const { return rows_.size(); }
  const SeenRow& row(std::size_t index) const { return rows_[index].row; }
  std::string_view id(std::size_t index) const;

  // A row whose prompt an earlier one has, with the same answer or another.
  struct Repeat {
    std::size_t row = 0;
    std::size_t first = 0;
    bool same_answer = false;
  };
  // In the order of the rows. Contradictions only between rows of one answer each.
  std::vector<Repeat> repeats() const;

 private:
  struct Named {
    SeenRow row;
    std::uint64_t id_at = 0;
    std::uint32_t id_size = 0;
  };
  std::deque<Named> rows_;  // never copied to grow
  std::string ids_;
};

}  // namespace attune::data
