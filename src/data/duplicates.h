// Which examples say the same: copies, near copies, one question with different answers, questions
// that are nearly one, and fillings of one template.
//
//   ThreadPool pool;
//   DuplicateReport report = find_duplicates(examples, {}, pool);
//   for (const Finding& finding : duplicate_findings(examples, report)) ...   // D035 and D036
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "data/dataset.h"
#include "data/near_duplicates.h"
#include "data/report.h"

namespace attune::data {

enum class Likeness {
  copy,           // the same question and answer; case and white space do not count
  near_copy,      // question and answer nearly the same
  conflict,       // the same prompt with different answers
  near_question,  // questions nearly the same
  filling         // questions that differ in numbers, dates and names only
};
std::string_view likeness_name(Likeness kind);  // "copy", "near_copy", ...

struct DuplicateOptions {
  double question_threshold = 0.8;  // Jaccard similarity of what is asked
  double row_threshold = 0.9;       // of question and answer together
};

// Rows that belong together. A row may stand in groups of several kinds.
struct DuplicateGroup {
  Likeness kind = Likeness::copy;
  std::vector<std::int64_t> rows;  // rising
  // What joins them: for near copies and near questions, with exact similarities; else empty.
  std::vector<NearPair> pairs;
  // The row to keep of copies and near copies: the longest, of those the first.
  std::int64_t best = 0;
};

struct DuplicateReport {
  std::int64_t rows = 0;
  std::vector<DuplicateGroup> groups;  // by kind, then by first row
  std::vector<std::int64_t> dropped;   // copies and near copies that are not the best, rising
  // Pairs that may not stand on two sides of a split: the same or nearly the same question.
  std::vector<NearPair> alike;
};

// Near copies are rows whose questions reach question_threshold, whose whole texts reach
// row_threshold, and whose answers are the same unless both are free text (200 characters or more,
// not JSON): another label is another example. What counts as the question: example_texts.h.
DuplicateReport find_duplicates(std::span<const Example> examples, const DuplicateOptions& options,
                                ThreadPool& pool);

// DuplicateReport::alike alone: enough pairs to join all rows with the same or nearly the same
// question.
std::vector<NearPair> alike_questions(std::span<const Example> examples, double threshold,
                                      ThreadPool& pool);

// One finding for each row that repeats an earlier one or contradicts it (D035), and for each row
// whose question also stands in a later part: train before validation before test (D036, where rows
// name their parts).
std::vector<Finding> duplicate_findings(std::span<const Example> examples,
                                        const DuplicateReport& report);

// Pages for people: the counts, and the first `show` groups of each kind with their differences.
std::string duplicate_page(std::span<const Example> examples, const DuplicateReport& report,
                           std::int64_t show);

// {"rows","dropped":[{"where","row"}],"groups":[{"kind","rows":[{"where","row"}],"best":{...},
//  "pairs":[{"first","second","similarity"}]}]}; pairs hold indices into the group's rows.
Json to_json(std::span<const Example> examples, const DuplicateReport& report);

}  // namespace attune::data
