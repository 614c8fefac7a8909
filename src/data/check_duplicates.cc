#include "data/check_duplicates.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "data/duplicate_samples.h"
#include "data/union_find.h"

namespace attune::data {

namespace {

Json message_of(const char* role, std::string_view text) {
  return {{"role", role}, {"content", std::string(text)}};
}

Fault leak_from(std::string_view part, const std::string& other, std::string_view other_part) {
  return {
      .found = fmt::format("a {} row that asks the same as {}, a {} row", part, other, other_part),
      .wanted = "a test of what training has not seen",
      .fix = "leave the row out: attune data split does so"};
}

}  // namespace

void DuplicateCheck::add(const CheckedRow& row, const Said& said, std::string_view part) {
  if (seen_.size() >= kMostRemembered) {
    ++forgotten_;
    return;
  }
  seen_.add({.hashes = said.hashes != nullptr ? *said.hashes
                                              : hash_row(said.messages, said.tools, said.answers),
             .line = row.line,
             .part = part_from_name(part),
             .one_answer = said.one_answer},
            row.id);
  if (keeps_) keep(row, said, part);
}

void DuplicateCheck::keep(const CheckedRow& row, const Said& said, std::string_view part) {
  text_ += said.answers.size() + (said.messages.exists() ? said.messages.text().size() : 0);
  const bool few = kept_.size() < kMostCompared && text_ <= kMostComparedText;
  if (!few && !options_.near_duplicates) {
    keeps_ = false;
    kept_ = {};
    return;
  }
  const auto written = [](JsonRef value) {
    return std::string(value.exists() ? value.text() : std::string_view());
  };
  kept_.push_back({.messages = written(said.messages),
                   .tools = written(said.tools),
                   .answers = std::string(said.answers),
                   .line = row.line,
                   .id = row.id,
                   .split = std::string(part)});
}

void DuplicateCheck::make_examples(std::string_view source) {
  JsonTree tree;
  const auto read = [&](const std::string& text) {
    return text.empty() || tree.parse(text) ? JsonRef() : tree.root();
  };
  examples_.reserve(kept_.size());
  for (KeptRow& row : std::exchange(kept_, {})) {
    Example example;
    const JsonRef messages = read(row.messages);
    example.messages = messages.is_array() ? to_json(messages) : Json::array();
    if (messages.is_string()) example.messages.push_back(message_of("user", messages.string()));
    if (!row.answers.empty()) example.messages.push_back(message_of("assistant", row.answers));
    const JsonRef tools = read(row.tools);
    example.tools = tools.is_array() ? to_json(tools) : Json();
    example.source = source;
    example.line = row.line;
    example.id = std::move(row.id);
    example.split = std::move(row.split);
    examples_.push_back(std::move(example));
  }
}

Finding DuplicateCheck::about(std::string_view code, Severity severity, std::string_view source,
                              std::size_t row, Fault fault) const {
  Finding finding = file_finding(code, severity, source, {.line = seen_.row(row).line, .column = 1},
                                 std::move(fault));
  finding.row = seen_.id(row);
  return finding;
}

void DuplicateCheck::finish(CheckReport& report) {
  if (seen_.size() == 0) return;
  ThreadPool pool;
  if (keeps_) {
    make_examples(report.source);
    find_nearly(pool, report);
    report_leaks(leaks_nearly(pool), report);
    return;
  }
  find_to_the_letter(report);
  find_split_leaks(report);
  report_leaks(leaks_to_the_letter(), report);
  report.evidence.push_back(
      fmt::format("copies: rows that are the same to the letter{}; --duplicates finds near ones",
                  forgotten_ > 0 ? fmt::format(", among the first {}", kMostRemembered) : ""));
}

void DuplicateCheck::find_nearly(ThreadPool& pool, CheckReport& report) {
  DuplicateReport found = find_duplicates(examples_, {}, pool);
  std::erase_if(found.groups, [&](const DuplicateGroup& group) {
    return group.kind == Likeness::conflict && !is_contradiction(group.rows);
  });
  std::set<std::tuple<std::int64_t, std::string, std::string>> told;
  for (Finding& finding : duplicate_findings(examples_, found)) {
    // Questions that are nearly the same are no fault of a file.
    if (finding.severity == Severity::info) continue;
    // A copy is a near copy too.
    const bool copy = finding.rule == "duplicate_row" || finding.rule == "near_duplicate_row";
    if (!told.emplace(finding.line, finding.row, copy ? "copy" : finding.rule).second) continue;
    Finding placed = file_finding(
        finding.code, finding.severity, report.source, {.line = finding.line, .column = 1},
        {std::move(finding.found), std::move(finding.wanted), std::move(finding.fix)});
    placed.row = std::move(finding.row);
    report.findings.push_back(std::move(placed));
  }
  if (options_.samples) report.duplicates = duplicate_samples(examples_, found, options_.pii);
}

// Whether one question has two answers: not the two that one row gives itself, and not where all
// rows ask the same (D029).
bool DuplicateCheck::is_contradiction(const std::vector<std::int64_t>& rows) const {
  const Example& first = examples_[static_cast<std::size_t>(rows[0])];
  const bool one_row = std::all_of(rows.begin(), rows.end(), [&](std::int64_t row) {
    const Example& example = examples_[static_cast<std::size_t>(row)];
    return example.line == first.line && example.id == first.id;
  });
  const bool all_rows = rows.size() == examples_.size() && rows.size() > 2;
  return !one_row && !all_rows && std::all_of(rows.begin(), rows.end(), [&](std::int64_t row) {
    return seen_.row(static_cast<std::size_t>(row)).one_answer;
  });
}

void DuplicateCheck::find_to_the_letter(CheckReport& report) const {
  for (const SeenRows::Repeat& repeat : seen_.repeats()) {
    const bool one_row = seen_.row(repeat.first).line == seen_.row(repeat.row).line &&
                         seen_.id(repeat.first) == seen_.id(repeat.row);
    if (one_row && !repeat.same_answer) continue;
    const std::string first = name_place(report.source, seen_.row(repeat.first).line);
    const Fault fault =
        repeat.same_answer
            ? Fault{.found = fmt::format("the same question and answer as {}", first),
                    .wanted = "each example once",
                    .fix = "attune data dedup --drop writes the file without copies"}
            : Fault{.found = fmt::format("the question of {} with another answer", first),
                    .wanted = "one answer to a question",
                    .fix = "decide which is right: a model can learn only one"};
    report.findings.push_back(about("D035", Severity::warning, report.source, repeat.row, fault));
  }
}

// Rows whose prompt stands in a later part of the same file.
void DuplicateCheck::find_split_leaks(CheckReport& report) const {
  std::map<std::uint64_t, std::map<Part, std::size_t>> first;  // of each prompt in later parts
  for (std::size_t row = 0; row < seen_.size(); ++row) {
    const SeenRow& seen = seen_.row(row);
    if (seen.part && *seen.part != Part::train && seen.hashes.asks)
      first[seen.hashes.prompt].emplace(*seen.part, row);
  }
  if (first.empty()) return;
  for (std::size_t row = 0; row < seen_.size(); ++row) {
    const SeenRow& seen = seen_.row(row);
    const auto later = first.find(seen.hashes.prompt);
    if (!seen.part || later == first.end()) continue;
    const auto [part, other] = *later->second.rbegin();  // the test, if it has the prompt
    if (part <= *seen.part) continue;
    report.findings.push_back(
        about("D036", Severity::error, report.source, row,
              leak_from(part_name(*seen.part), name_place(report.source, seen_.row(other).line),
                        part_name(part))));
  }
}

std::vector<const Example*> DuplicateCheck::others() const {
  std::vector<const Example*> all;
  for (const Dataset& set : options_.against) {
    for (const Example& example : set.examples) all.push_back(&example);
  }
  return all;
}

DuplicateCheck::Leaks DuplicateCheck::leaks_nearly(ThreadPool& pool) {
  Leaks leaks;
  if (options_.against.empty()) return leaks;
  const std::size_t own = examples_.size();
  std::vector<Example> all = std::exchange(examples_, {});
  for (const Example* other : others()) all.push_back(*other);
  UnionFind joined(static_cast<std::int64_t>(all.size()));
  for (const NearPair& pair : alike_questions(all, DuplicateOptions().question_threshold, pool))
    joined.unite(pair.first, pair.second);
  std::unordered_map<std::int64_t, std::size_t> first;  // other row of a group
  for (std::size_t row = own; row < all.size(); ++row)
    first.emplace(joined.find(static_cast<std::int64_t>(row)), row - own);
  for (std::size_t row = 0; row < own; ++row) {
    const auto other = first.find(joined.find(static_cast<std::int64_t>(row)));
    if (other != first.end()) leaks.emplace_back(row, other->second);
  }
  return leaks;
}

DuplicateCheck::Leaks DuplicateCheck::leaks_to_the_letter() const {
  Leaks leaks;
  const std::vector<const Example*> theirs = others();
  std::unordered_map<std::uint64_t, std::size_t> first;
  JsonTree tree;
  for (std::size_t row = 0; row < theirs.size(); ++row) {
    const std::string text =
        to_text({{"messages", theirs[row]->messages}, {"tools", theirs[row]->tools}});
    if (tree.parse(text)) continue;
    const RowHashes hashes = hash_row(tree.root().find("messages"), tree.root().find("tools"), {});
    if (hashes.asks) first.emplace(hashes.prompt, row);
  }
  for (std::size_t row = 0; row < seen_.size(); ++row) {
    const auto other = first.find(seen_.row(row).hashes.prompt);
    if (other != first.end()) leaks.emplace_back(row, other->second);
  }
  return leaks;
}

void DuplicateCheck::report_leaks(const Leaks& leaks, CheckReport& report) const {
  if (leaks.empty()) return;
  const std::vector<const Example*> theirs = others();
  std::map<std::string, std::int64_t> counts;  // by file
  for (const auto& [row, other] : leaks) {
    ++counts[theirs[other]->source];
    report.findings.push_back(about(
        "D036", Severity::error, report.source, row,
        {.found =
             fmt::format("the row asks the same or nearly the same as {}", theirs[other]->where()),
         .wanted = "a test of what training has not seen",
         .fix = "leave the row out of one of the two files"}));
  }
  for (const auto& [file, count] : counts) {
    report.findings.push_back(file_finding(
        "D036", Severity::info, report.source, {.line = 0, .column = 0},
        {.found = fmt::format("{} of {} rows ask what {} asks: a figure measured there is inflated",
                              count, seen_.size(), file)}));
  }
}

}  // namespace attune::data
