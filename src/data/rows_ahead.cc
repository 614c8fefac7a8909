#include "data/rows_ahead.h"

#include <algorithm>
#include <utility>

namespace attune::data {

namespace {

constexpr std::size_t kBatch = std::size_t{256} << 10;  // bytes
constexpr std::size_t kBatchesOfAThread = 3;

std::int64_t count_of(char sought, std::string_view text) {
  // Sums of bytes, which compilers add a vector at a time.
  constexpr std::size_t kBlock = 240;
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += kBlock) {
    std::uint8_t some = 0;
    for (const char c : text.substr(at, kBlock))
      some = static_cast<std::uint8_t>(some + (c == sought ? 1 : 0));
    count += some;
  }
  return count;
}

}  // namespace

RowsAhead::RowsAhead(std::string_view text, std::string_view source, char line_end, int threads,
                     Examine examine)
    : text_(text),
      source_(source),
      line_end_(line_end),
      examine_(std::move(examine)),
      batches_(kBatchesOfAThread * static_cast<std::size_t>(threads)) {}

bool RowsAhead::may_claim() const {
  return next_begin_ < text_.size() && claimed_ < current_ + batches_.size();
}

// Cuts off the next batch, behind the end of a line. Under the mutex.
std::size_t RowsAhead::claim() {
  Batch& batch = batch_of(claimed_);
  batch.begin = next_begin_;
  const std::size_t stop = std::min(next_begin_ + kBatch, text_.size());
  batch.end = std::min(text_.find(line_end_, stop), text_.size() - 1) + 1;
  batch.first_line = next_line_;
  batch.done = false;
  next_line_ += count_of(line_end_, text_.substr(batch.begin, batch.end - batch.begin));
  next_begin_ = batch.end;
  return claimed_++;
}

void RowsAhead::work_on(Batch& batch) {
  batch.count = 0;
  std::int64_t number = batch.first_line;
  for (std::size_t at = batch.begin; at < batch.end; ++number) {
    const std::size_t end = std::min(text_.find(line_end_, at), batch.end);
    std::string_view line = text_.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (batch.count == batch.rows.size()) batch.rows.emplace_back();
    Row& row = batch.rows[batch.count];
    row.begin = at;
    at = end + 1;
    if (row.tree.parse_next(line, 0, row.end)) continue;
    row.examined = examine_({.source = source_,
                             .text = line,
                             .line = number,
                             .column = 1,
                             .is_table = false,
                             .value = row.tree.root(),
                             .id = {}});
    ++batch.count;
  }
}

void RowsAhead::help() {
  std::unique_lock lock(mutex_);
  while (!finished_) {
    if (!may_claim()) {
      changed_.wait(lock);
      continue;
    }
    Batch& batch = batch_of(claim());
    lock.unlock();
    work_on(batch);
    lock.lock();
    batch.done = true;
    changed_.notify_all();
  }
}

void RowsAhead::finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

// Gives the batch at hand back, and waits for the next one or works until it is done.
void RowsAhead::take_next_batch() {
  std::unique_lock lock(mutex_);
  if (any_) ++current_;
  any_ = true;
  row_ = 0;
  changed_.notify_all();
  while (claimed_ <= current_ || !batch_of(current_).done) {
    if (!may_claim()) {
      changed_.wait(lock);
      continue;
    }
    Batch& batch = batch_of(claim());
    lock.unlock();
    work_on(batch);
    lock.lock();
    batch.done = true;
  }
}

RowsAhead::Row* RowsAhead::row_at(std::size_t offset) {
  while (!any_ || batch_of(current_).end <= offset) take_next_batch();
  Batch& batch = batch_of(current_);
  while (row_ < batch.count && batch.rows[row_].begin < offset) ++row_;
  return row_ < batch.count && batch.rows[row_].begin == offset ? &batch.rows[row_] : nullptr;
}

}  // namespace attune::data
