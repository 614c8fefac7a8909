#include "metrics/assignment.h"

#include <limits>

namespace attune::metrics {

namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

// Rows are placed one by one; each is a shortest path search over columns in reduced costs.
// cost(row, column) with rows <= columns; the row of each column.
template <typename Cost>
std::vector<std::size_t> rows_of_columns(Cost cost, std::size_t rows, std::size_t columns) {
  std::vector<double> row_potential(rows, 0);
  std::vector<double> column_potential(columns, 0);
  std::vector<std::size_t> row_of(columns, kNone);
  for (std::size_t start = 0; start < rows; ++start) {
    std::vector<double> distance(columns, std::numeric_limits<double>::infinity());
    std::vector<std::size_t> before(columns, kNone);  // the column that the path comes from
    std::vector<bool> done(columns, false);
    std::size_t row = start;
    std::size_t at = kNone;  // the column that `row` belongs to
    for (;;) {
      std::size_t next = kNone;
      for (std::size_t column = 0; column < columns; ++column) {
        if (done[column]) continue;
        const double reduced = cost(row, column) - row_potential[row] - column_potential[column];
        if (reduced < distance[column]) {
          distance[column] = reduced;
          before[column] = at;
        }
        if (next == kNone || distance[column] < distance[next]) next = column;
      }
      const double step = distance[next];
      row_potential[start] += step;
      for (std::size_t column = 0; column < columns; ++column) {
        if (done[column]) {
          row_potential[row_of[column]] += step;
          column_potential[column] -= step;
        } else {
          distance[column] -= step;
        }
      }
      done[next] = true;
      at = next;
      if (row_of[at] == kNone) break;
      row = row_of[at];
    }
    while (at != kNone) {
      const std::size_t from = before[at];
      row_of[at] = from == kNone ? start : row_of[from];
      at = from;
    }
  }
  return row_of;
}

}  // namespace

std::vector<std::optional<std::size_t>> best_assignment(std::span<const double> gain,
                                                        std::size_t rows, std::size_t columns) {
  std::vector<std::optional<std::size_t>> column_of(rows);
  if (rows <= columns) {
    const auto row_of = rows_of_columns(
        [&](std::size_t row, std::size_t column) { return -gain[row * columns + column]; }, rows,
        columns);
    for (std::size_t column = 0; column < columns; ++column) {
      if (row_of[column] != kNone) column_of[row_of[column]] = column;
    }
  } else {
    const auto taken = rows_of_columns(
        [&](std::size_t column, std::size_t row) { return -gain[row * columns + column]; }, columns,
        rows);
    for (std::size_t row = 0; row < rows; ++row) {
      if (taken[row] != kNone) column_of[row] = taken[row];
    }
  }
  return column_of;
}

}  // namespace attune::metrics
