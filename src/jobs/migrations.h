// The schema, as numbered steps. A step that was released is never changed; a new need is a new
// step. The database records which it has.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace attune::jobs {

struct Migration {
  std::int64_t version = 0;
  std::string_view name;
  // Statements in the words of both databases. {counter} stands for an integer primary key that
  // counts up and never repeats.
  std::vector<std::string_view> statements;
};

const std::vector<Migration>& migrations();

}  // namespace attune::jobs
