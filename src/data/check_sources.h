// D041: answers of one source (a file, an annotator) that are written differently from the others':
// their length, format, case, final stop, the keys of their JSON. A model learns the mixture.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/check_place.h"

namespace attune::data {

// How the answers of one source are written, counted.
class AnswerStyle {
 public:
  void add(std::string_view answer);
  void add(const AnswerStyle& other);
  std::int64_t count() const { return count_; }

  // In what two sources differ so much, and in so many answers, that chance does not explain it:
  // "310 characters where the others have 95"; nothing when they are alike.
  std::vector<std::string> differences_from(const AnswerStyle& others) const;

 private:
  struct Shape {
    std::int64_t count = 0;
    std::string keys;
  };
  double mean_log_length() const;
  double variance_of_log_length() const;
  const Shape* usual_keys() const;  // of most JSON answers; null when there are no usual ones

  std::int64_t count_ = 0;
  double log_lengths_ = 0;
  double squared_log_lengths_ = 0;
  std::int64_t json_ = 0;
  std::int64_t fenced_ = 0;
  std::int64_t lists_ = 0;
  std::int64_t small_beginnings_ = 0;
  std::int64_t stops_ = 0;
  std::map<std::uint64_t, Shape> shapes_;  // of JSON answers, by their keys
};

class SourceCheck {
 public:
  // `has_others`: answers of other files follow.
  explicit SourceCheck(bool has_others) : has_others_(has_others) {}

  // The row's answer, under what its column `source` (or dataset, source_file, annotator) says.
  void add(const CheckedRow& row, std::string_view answer);
  // An answer of another file.
  void add_other(const std::string& file, std::string_view answer);

  std::vector<Finding> finish(std::string_view source) const;

 private:
  struct Source {
    AnswerStyle style;
    std::int64_t line = 0;
    std::string row;
  };
  bool has_others_;
  AnswerStyle all_;  // of this file, where there are others
  std::map<std::string, Source, std::less<>> sources_;
  std::map<std::string, AnswerStyle> files_;
  bool too_many_ = false;
};

}  // namespace attune::data
