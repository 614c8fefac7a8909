// D035 and D036: rows that repeat or contradict each other, and rows that ask what a test asks.
//
// Files of up to kMostCompared rows and kMostComparedText bytes of text (about a second), and all
// files when that is asked for, are compared as `attune data dedup` compares (duplicates.h): letter
// case and white space do not count, and near copies are found. In larger ones only what is the
// same to the letter is found (seen_rows.h), among the first kMostRemembered rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "data/check.h"
#include "data/check_place.h"
#include "data/duplicates.h"
#include "data/seen_rows.h"

namespace attune::data {

class DuplicateCheck {
 public:
  static constexpr std::size_t kMostCompared = 10000;
  static constexpr std::size_t kMostComparedText = 8000000;
  static constexpr std::size_t kMostRemembered = 4000000;

  // What a row says, in its own tree or the one it was converted to.
  struct Said {
    JsonRef messages;  // a list, a text, or absent
    JsonRef tools;
    std::string_view answers = {};  // what the row teaches, where messages hold no answer
    // Of supervised rows: the same question with another answer is a contradiction. Of the two
    // answers of a pair it is not.
    bool one_answer = false;
    const RowHashes* hashes = nullptr;  // of all this, where they are known
  };

  // `options` must outlive this.
  explicit DuplicateCheck(const CheckOptions& options) : options_(options) {}

  // `part`: what the row says of its side of a split, or nothing.
  void add(const CheckedRow& row, const Said& said, std::string_view part);

  // Adds the findings, the samples where they are asked for, and how rows were compared.
  void finish(CheckReport& report);

 private:
  using Leaks = std::vector<std::pair<std::size_t, std::size_t>>;  // row here, row of `others`

  // A row as it is written, until it is known that the rows are few enough to be compared.
  struct KeptRow {
    std::string messages;  // JSON; empty: none
    std::string tools;     // JSON
    std::string answers;
    std::int64_t line = 0;
    std::string id;
    std::string split;
  };

  void keep(const CheckedRow& row, const Said& said, std::string_view part);
  void make_examples(std::string_view source);
  std::vector<const Example*> others() const;  // the rows of CheckOptions::against
  void find_nearly(ThreadPool& pool, CheckReport& report);
  bool is_contradiction(const std::vector<std::int64_t>& rows) const;
  void find_to_the_letter(CheckReport& report) const;
  void find_split_leaks(CheckReport& report) const;
  Leaks leaks_nearly(ThreadPool& pool);
  Leaks leaks_to_the_letter() const;
  void report_leaks(const Leaks& leaks, CheckReport& report) const;
  Finding about(std::string_view code, Severity severity, std::string_view source, std::size_t row,
                Fault fault) const;

  const CheckOptions& options_;
  SeenRows seen_;
  bool keeps_ = true;
  std::vector<KeptRow> kept_;      // of all seen rows, while they are few enough to compare
  std::vector<Example> examples_;  // the same, made of kept_ at the end
  std::size_t text_ = 0;           // bytes of these
  std::int64_t forgotten_ = 0;     // rows beyond kMostRemembered
};

}  // namespace attune::data
