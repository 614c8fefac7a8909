#include "data/duplicates.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "data/example_texts.h"
#include "data/shingles.h"
#include "data/union_find.h"

namespace attune::data {

namespace {

constexpr std::size_t kFreeText = 200;

const std::string& at(const std::vector<std::string>& texts, std::int64_t i) {
  return texts[static_cast<std::size_t>(i)];
}

bool is_free_text(std::string_view answer) {
  return answer.size() >= kFreeText && answer[0] != '{' && answer[0] != '[';
}

std::vector<std::string> all_asked(const ExampleTexts& texts) {
  std::vector<std::string> asked;
  for (std::int64_t row = 0; row < texts.size(); ++row) asked.push_back(texts.asked(row));
  return asked;
}

using Members = std::vector<std::int64_t>;

class Finder {
 public:
  Finder(std::span<const Example> examples, const DuplicateOptions& options, ThreadPool& pool)
      : texts_(example_texts(examples)), options_(options), pool_(pool) {
    report_.rows = texts_.size();
  }

  DuplicateReport run() && {
    find_copies();
    find_near_copies();
    find_conflicts();
    find_near_questions();
    find_fillings();
    std::sort(report_.dropped.begin(), report_.dropped.end());
    report_.dropped.erase(std::unique(report_.dropped.begin(), report_.dropped.end()),
                          report_.dropped.end());
    return std::move(report_);
  }

 private:
  // Rows by a value that equal rows share, in the order of their first rows; single rows left out.
  template <typename KeyOf>
  std::vector<Members> rows_by(const KeyOf& key_of) const {
    std::vector<Members> groups;
    std::unordered_map<std::decay_t<decltype(key_of(0))>, std::size_t> known;
    for (std::int64_t row = 0; row < texts_.size(); ++row) {
      const auto [place, fresh] = known.emplace(key_of(row), groups.size());
      if (fresh) groups.emplace_back();
      groups[place->second].push_back(row);
    }
    std::erase_if(groups, [](const Members& rows) { return rows.size() < 2; });
    return groups;
  }

  void add(Likeness kind, Members rows, std::vector<NearPair> pairs = {}) {
    DuplicateGroup group{.kind = kind, .rows = std::move(rows), .pairs = std::move(pairs)};
    group.best = *std::max_element(group.rows.begin(), group.rows.end(),
                                   [&](std::int64_t a, std::int64_t b) {
                                     return at(texts_.rows, a).size() < at(texts_.rows, b).size();
                                   });
    if (kind == Likeness::copy || kind == Likeness::near_copy) {
      for (const std::int64_t row : group.rows) {
        if (row != group.best) report_.dropped.push_back(row);
      }
    }
    report_.groups.push_back(std::move(group));
  }

  void find_copies() {
    for (Members& rows :
         rows_by([&](std::int64_t row) -> std::string_view { return at(texts_.rows, row); })) {
      if (at(texts_.rows, rows[0]) != "\n") add(Likeness::copy, std::move(rows));
    }
  }

  bool may_be_copies(std::int64_t a, std::int64_t b) const {
    const std::string_view mine = texts_.answer(a), other = texts_.answer(b);
    if (mine != other && !(is_free_text(mine) && is_free_text(other))) return false;
    const std::string& asked = at(texts_.questions, a);
    const std::string& asked_there = at(texts_.questions, b);
    return (asked.empty() && asked_there.empty()) ||
           similarity(asked, asked_there) >= options_.question_threshold;
  }

  void find_near_copies() {
    const NearOptions near{
        .threshold = options_.row_threshold,
        .accept = [&](std::int64_t a, std::int64_t b) { return may_be_copies(a, b); }};
    add_joined(Likeness::near_copy, near_pairs(texts_.rows, near, pool_), texts_.rows);
  }

  void find_conflicts() {
    for (Members& rows :
         rows_by([&](std::int64_t row) { return texts_.prompts[static_cast<std::size_t>(row)]; })) {
      const bool differ = std::any_of(rows.begin(), rows.end(), [&](std::int64_t row) {
        return texts_.answer(row) != texts_.answer(rows[0]);
      });
      const bool asks = !at(texts_.questions, rows[0]).empty();
      if (asks && differ) add(Likeness::conflict, std::move(rows));
    }
  }

  void find_near_questions() {
    const std::vector<std::string> asked = all_asked(texts_);
    report_.alike = near_pairs(asked, {.threshold = options_.question_threshold}, pool_);
    std::set<Members> known;
    for (const DuplicateGroup& group : report_.groups) known.insert(group.rows);
    add_joined(Likeness::near_question, report_.alike, asked, known);
  }

  void find_fillings() {
    UnionFind asked(texts_.size());
    for (const NearPair& pair : report_.alike) asked.unite(pair.first, pair.second);
    for (Members& rows : rows_by([&](std::int64_t row) {
           const std::uint64_t frame = texts_.skeletons[static_cast<std::size_t>(row)];
           // Skeletons are odd; a row without one stands alone.
           return frame == 0 ? static_cast<std::uint64_t>(row) * 2 : frame;
         })) {
      std::set<std::int64_t> clusters;
      for (const std::int64_t row : rows) clusters.insert(asked.find(row));
      if (clusters.size() > 1) add(Likeness::filling, std::move(rows));
    }
  }

  // The groups that pairs make, where not all of a group's texts are equal.
  void add_joined(Likeness kind, const std::vector<NearPair>& pairs,
                  const std::vector<std::string>& texts, const std::set<Members>& known = {}) {
    UnionFind joined(texts_.size());
    for (const NearPair& pair : pairs) joined.unite(pair.first, pair.second);
    struct Group {
      Members rows;
      std::vector<NearPair> pairs;
    };
    std::map<std::int64_t, Group> groups;
    for (std::int64_t row = 0; row < texts_.size(); ++row)
      groups[joined.find(row)].rows.push_back(row);
    for (const NearPair& pair : pairs) groups[joined.find(pair.first)].pairs.push_back(pair);
    for (auto& [first, group] : groups) {
      const std::string& first_text = at(texts, first);
      const bool differ = std::any_of(group.rows.begin(), group.rows.end(), [&](std::int64_t row) {
        return at(texts, row) != first_text;
      });
      if (differ && !known.contains(group.rows))
        add(kind, std::move(group.rows), std::move(group.pairs));
    }
  }

  ExampleTexts texts_;
  const DuplicateOptions& options_;
  ThreadPool& pool_;
  DuplicateReport report_;
};

}  // namespace

std::string_view likeness_name(Likeness kind) {
  constexpr std::array<std::string_view, 5> kNames = {"copy", "near_copy", "conflict",
                                                      "near_question", "filling"};
  return kNames[static_cast<std::size_t>(kind)];
}

DuplicateReport find_duplicates(std::span<const Example> examples, const DuplicateOptions& options,
                                ThreadPool& pool) {
  return Finder(examples, options, pool).run();
}

std::vector<NearPair> alike_questions(std::span<const Example> examples, double threshold,
                                      ThreadPool& pool) {
  return near_pairs(all_asked(example_texts(examples)), {.threshold = threshold}, pool);
}

}  // namespace attune::data
