// The rows of a JSONL text, parsed and looked at by several threads before their turn comes: what
// of a row's checks needs no other row. One thread takes the rows in the order of the text; while
// it waits for one, it does its part.
//
//   RowsAhead ahead(text, source, '\n', pool.threads(), examine);
//   pool.run(pool.threads(), [&](std::int64_t task, int) {
//     if (task > 0) return ahead.help();
//     ... ahead.row_at(offset) ...          // for each line, in order
//     ahead.finish();
//   });
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "data/check_place.h"
#include "data/examined_row.h"
#include "io/json_tree.h"

namespace attune::data {

class RowsAhead {
 public:
  struct Row {
    std::size_t begin = 0;  // of its line in the text
    std::size_t end = 0;    // of the record, in its line
    JsonTree tree;
    ExaminedRow examined;
  };
  // Looks at a row whose JSON is good; called by any thread.
  using Examine = std::function<ExaminedRow(const CheckedRow& row)>;

  RowsAhead(std::string_view text, std::string_view source, char line_end, int threads,
            Examine examine);

  // The row whose line begins at `offset`; null when its JSON is broken. Valid until the next call.
  // Offsets only grow.
  Row* row_at(std::size_t offset);
  // Reads rows until finish() is called.
  void help();
  void finish();

 private:
  // Some lines of the text.
  struct Batch {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::int64_t first_line = 0;
    bool done = false;
    // Of the next batch of this place too; `count` of them hold rows. They never move: what was
    // found out refers to their trees.
    std::deque<Row> rows;
    std::size_t count = 0;
  };

  bool may_claim() const;
  std::size_t claim();
  void work_on(Batch& batch);
  void take_next_batch();
  Batch& batch_of(std::size_t number) { return batches_[number % batches_.size()]; }

  std::string_view text_;
  std::string_view source_;
  char line_end_;
  Examine examine_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Batch> batches_;  // those from `current_` on, by their number
  std::size_t claimed_ = 0;     // batches that somebody works on or has done
  std::size_t next_begin_ = 0;  // of the next batch to be claimed
  std::int64_t next_line_ = 1;
  bool finished_ = false;

  // Of the thread that takes the rows.
  std::size_t current_ = 0;  // the batch that row_at() is in; written under the mutex
  bool any_ = false;         // that batch is done and being read
  std::size_t row_ = 0;
};

}  // namespace attune::data
