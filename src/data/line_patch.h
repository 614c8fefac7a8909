// The difference between a text and what was written in its place, as a unified diff without
// context that `patch` applies forward and (-R) back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

class LinePatch {
 public:
  // Lines are what "\n" ends; their bytes stay as they are.
  explicit LinePatch(std::string_view original);

  // The next line of the new text, which stands for the original's lines [first, last] (from 1).
  // Lines that nothing stands for are removed. Calls come in the order of the lines;
  // numbers beyond the original's lines stand for none.
  void add_line(std::string_view line, std::int64_t first, std::int64_t last);

  // Empty when both texts are the same.
  std::string finish(std::string_view old_name, std::string_view new_name);

 private:
  void remove_up_to(std::int64_t line);
  void end_hunk();

  std::vector<std::string_view> old_lines_;
  bool old_ends_with_newline_ = true;
  std::int64_t passed_ = 0;  // lines of the original that are behind us
  std::int64_t new_line_ = 0;
  std::vector<std::string> removed_;
  std::vector<std::string> added_;
  std::string hunks_;
};

}  // namespace attune::data
