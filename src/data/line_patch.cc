#include "data/line_patch.h"

#include <algorithm>

#include <fmt/format.h>

namespace attune::data {

LinePatch::LinePatch(std::string_view original) {
  while (!original.empty()) {
    const std::size_t end = original.find('\n');
    old_lines_.push_back(original.substr(0, end));
    old_ends_with_newline_ = end != std::string_view::npos;
    original.remove_prefix(old_ends_with_newline_ ? end + 1 : original.size());
  }
}

void LinePatch::remove_up_to(std::int64_t line) {
  const auto count = static_cast<std::int64_t>(old_lines_.size());
  for (; passed_ < std::min(line, count); ++passed_)
    removed_.emplace_back(old_lines_[static_cast<std::size_t>(passed_)]);
}

void LinePatch::add_line(std::string_view line, std::int64_t first, std::int64_t last) {
  remove_up_to(first - 1);
  // Who counts lines by lone carriage returns too may name one that is not there.
  const auto count = static_cast<std::int64_t>(old_lines_.size());
  const bool last_of_all = first == count;
  const bool same = first == last && passed_ == first - 1 && first <= count &&
                    old_lines_[static_cast<std::size_t>(first - 1)] == line &&
                    (!last_of_all || old_ends_with_newline_);
  if (same) {
    end_hunk();
    ++passed_;
    ++new_line_;
    return;
  }
  remove_up_to(last);
  added_.emplace_back(line);
}

void LinePatch::end_hunk() {
  if (removed_.empty() && added_.empty()) return;
  const auto olds = static_cast<std::int64_t>(removed_.size());
  const auto news = static_cast<std::int64_t>(added_.size());
  // Where one side has no lines its number is that of the line before.
  hunks_ += fmt::format("@@ -{},{} +{},{} @@\n", olds == 0 ? passed_ : passed_ - olds + 1, olds,
                        news == 0 ? new_line_ : new_line_ + 1, news);
  for (const std::string& line : removed_) hunks_ += "-" + line + "\n";
  const bool at_end = passed_ == static_cast<std::int64_t>(old_lines_.size());
  if (olds > 0 && at_end && !old_ends_with_newline_) hunks_ += "\\ No newline at end of file\n";
  for (const std::string& line : added_) hunks_ += "+" + line + "\n";
  new_line_ += news;
  removed_.clear();
  added_.clear();
}

std::string LinePatch::finish(std::string_view old_name, std::string_view new_name) {
  remove_up_to(static_cast<std::int64_t>(old_lines_.size()));
  end_hunk();
  if (hunks_.empty()) return {};
  return fmt::format("--- {}\n+++ {}\n{}", old_name, new_name, hunks_);
}

}  // namespace attune::data
