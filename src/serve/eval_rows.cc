#include "serve/eval_rows.h"

#include <algorithm>

#include <fmt/format.h>

namespace attune::serve {

namespace {

constexpr std::size_t kMostRows = 1'000'000;
constexpr std::size_t kMostRowBytes = std::size_t{4} << 20;  // as rows in a request

}  // namespace

EvalRows EvalRows::of_content(Json content) {
  EvalRows rows;
  rows.content_ = std::move(content);
  return rows;
}

Result<EvalRows> EvalRows::of_file(const Path& path) {
  EvalRows rows;
  ATTUNE_TRY(MappedFile file, MappedFile::open(path));
  const std::string_view text = file.text();
  std::int64_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    ++number;
    const std::string_view line = text.substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r") != line.npos) {
      if (rows.lines_.size() == kMostRows) {
        return bad_input({.where = "file",
                          .found = fmt::format("more than {} rows", kMostRows),
                          .wanted = "fewer rows, in several runs"});
      }
      rows.lines_.push_back({.begin = begin, .end = end, .number = number});
    }
    begin = end + 1;
  }
  rows.file_.emplace(std::move(file));
  return rows;
}

std::int64_t EvalRows::size() const { return file_ ? std::ssize(lines_) : std::ssize(content_); }

Result<Json> EvalRows::row(std::int64_t number) const {
  const auto index = static_cast<std::size_t>(number);
  if (!file_) return content_[index];
  const Line& line = lines_[index];
  if (line.end - line.begin > kMostRowBytes) {
    return bad_input({.where = fmt::format("file:{}", line.number),
                      .found = fmt::format("{} bytes", line.end - line.begin),
                      .wanted = fmt::format("at most {} MiB a row", kMostRowBytes >> 20)});
  }
  return parse_json(file_->text().substr(line.begin, line.end - line.begin), "file", line.number);
}

}  // namespace attune::serve
