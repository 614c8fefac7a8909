#include "data/split.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "data/clean_text.h"
#include "data/example_texts.h"
#include "data/split_groups.h"
#include "data/split_record.h"

namespace attune::data {

namespace {

// In [0, 1), from the group's text alone; one draw for each purpose.
enum class Draw : std::uint64_t { test, validation, train_order };
double draw(const Group& group, Draw purpose, std::uint64_t seed) {
  const std::uint64_t hash = XXH3_64bits_withSeed(group.key.data(), group.key.size(),
                                                  seed * 4 + static_cast<std::uint64_t>(purpose));
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

class Splitter {
 public:
  Splitter(std::span<const Example> examples, const SplitOptions& options)
      : examples_(examples), options_(options) {}

  Result<Split> run() && {
    ATTUNE_TRY_VOID(check_options());
    groups_ = group_rows(examples_, options_.alike, split_.grouped_by);
    for (const Group& group : groups_) {
      for (std::size_t part = 0; part < 3; ++part) named_[part] = named_[part] || group.named[part];
    }
    place_named();
    place_earlier();
    const bool free_test = !is_named(Part::test) && !options_.test_is_frozen;
    if (free_test) place_share(Part::test, Draw::test, options_.test, options_.test_rows);
    if (!is_named(Part::validation)) {
      // A share of all rows, drawn from what the test left.
      const double share = free_test && !options_.test_rows
                               ? options_.validation / (1.0 - options_.test)
                               : options_.validation;
      place_share(Part::validation, Draw::validation, share, options_.validation_rows);
    }
    place_training();
    for (auto* rows : {&split_.train, &split_.validation, &split_.test, &split_.unused})
      std::sort(rows->begin(), rows->end());
    ATTUNE_TRY_VOID(check_result());
    return std::move(split_);
  }

 private:
  bool is_named(Part part) const { return named_[static_cast<std::size_t>(part)]; }

  std::vector<std::int64_t>& rows_of(Part part) {
    return part == Part::train        ? split_.train
           : part == Part::validation ? split_.validation
                                      : split_.test;
  }

  Result<void> check_options() const {
    const auto is_share = [](double share) { return share >= 0.0 && share < 1.0; };
    if (!is_share(options_.test) || !is_share(options_.validation) ||
        options_.test + options_.validation >= 1.0) {
      return bad_input({.where = "split",
                        .found = fmt::format("a test share of {} and a validation share of {}",
                                             options_.test, options_.validation),
                        .wanted = "shares of 0 or more that leave something for training",
                        .fix = "for example a test share of 0.2 and a validation share of 0.1"});
    }
    for (const std::optional<std::int64_t>& count :
         {options_.test_rows, options_.validation_rows, options_.most_train_rows}) {
      if (!count || *count >= 0) continue;
      return bad_input(
          {.where = "split", .found = fmt::format("{} rows", *count), .wanted = "0 rows or more"});
    }
    for (const Example& example : examples_) {
      if (example.split.empty() || part_from_name(example.split)) continue;
      return bad_input({.where = example.where(),
                        .found = fmt::format("the part \"{}\"", example.split),
                        .wanted = "train, validation or test",
                        .fix = "rename it, or leave the cell empty to have the row divided"});
    }
    return {};
  }

  // Groups with a test row are test, those with a validation row validation; their other rows would
  // leak.
  void place_named() {
    for (Group& group : groups_) {
      const Part part = group.names(Part::test) ? Part::test : Part::validation;
      if (!group.names(part)) continue;
      std::int64_t keeper = -1;
      for (const std::int64_t row : group.rows) {
        if (keeper < 0 && stands_in(row, part)) keeper = row;
      }
      for (const std::int64_t row : group.rows) {
        if (stands_in(row, part)) {
          rows_of(part).push_back(row);
        } else {
          leave_out(row, keeper, part);
        }
      }
      group.rows.clear();
    }
  }

  bool stands_in(std::int64_t row, Part part) const {
    return part_from_name(examples_[static_cast<std::size_t>(row)].split) == part;
  }

  // `keeper` is the first of the rows for which the row is left out.
  void leave_out(std::int64_t row, std::int64_t keeper, Part part) {
    leave_out(
        row, "leak",
        fmt::format("{} {}, a {} row",
                    options_.alike.empty() ? "the question of" : "the question, or nearly, of",
                    place_of(keeper), part_name(part)),
        "a question that the model is not measured on", "nothing to do; the row is left out");
  }

  void leave_out(std::int64_t row, std::string rule, std::string found, std::string wanted,
                 std::string fix) {
    const Example& example = examples_[static_cast<std::size_t>(row)];
    split_.unused.push_back(row);
    split_.findings.push_back({.rule = std::move(rule),
                               .severity = Severity::warning,
                               .action = Action::dropped,
                               .where = example.where(),
                               .row = example.id,
                               .path = {},
                               .found = std::move(found),
                               .wanted = std::move(wanted),
                               .fix = std::move(fix)});
  }

  std::string place_of(std::int64_t row) const {
    return examples_[static_cast<std::size_t>(row)].where();
  }

  // Rows of an earlier split stay; new rows of their clusters follow them, or are left out where
  // the cluster stands in two parts or would make a frozen test grow.
  void place_earlier() {
    if (options_.earlier == nullptr) return;
    for (Group& group : groups_) {
      std::array<std::int64_t, 3> first = {-1, -1, -1};  // the first earlier row in each part
      std::vector<std::int64_t> fresh;
      for (const std::int64_t row : group.rows) {
        const std::optional<Part> part = earlier_part(row);
        if (!part) {
          fresh.push_back(row);
          continue;
        }
        rows_of(*part).push_back(row);
        std::int64_t& known = first[static_cast<std::size_t>(*part)];
        if (known < 0) known = row;
      }
      if (fresh.size() == group.rows.size()) continue;
      place_beside(first, fresh);
      group.rows.clear();
    }
  }

  std::optional<Part> earlier_part(std::int64_t row) const {
    const auto known =
        options_.earlier->parts.find(prompt_hash(examples_[static_cast<std::size_t>(row)]));
    if (known == options_.earlier->parts.end()) return std::nullopt;
    return known->second;
  }

  void place_beside(const std::array<std::int64_t, 3>& first,
                    const std::vector<std::int64_t>& fresh) {
    std::vector<Part> parts;
    for (const Part part : {Part::train, Part::validation, Part::test}) {
      if (first[static_cast<std::size_t>(part)] >= 0) parts.push_back(part);
    }
    const auto place = [&](Part part) { return place_of(first[static_cast<std::size_t>(part)]); };
    for (const std::int64_t row : fresh) {
      if (parts.size() > 1) {
        leave_out(row, "between_parts",
                  fmt::format("a new row, like {} of {} and {} of {}", place(parts[0]),
                              part_name(parts[0]), place(parts.back()), part_name(parts.back())),
                  "a row that belongs to one part", "nothing to do; the row is set aside");
      } else if (options_.test_is_frozen && parts[0] == Part::test) {
        leave_out(row, "frozen_test",
                  fmt::format("a new row that asks the same or nearly the same as {}, which the "
                              "frozen test has",
                              place(Part::test)),
                  "a question that the frozen test does not ask",
                  "nothing to do; the row is set aside");
      } else {
        rows_of(parts[0]).push_back(row);
      }
    }
  }

  // Gives `part` its share of the groups that are still free, by hash; rows that name training may
  // not become test.
  void place_share(Part part, Draw purpose, double share, std::optional<std::int64_t> count) {
    struct Candidate {
      double draw;
      Group* group;
    };
    std::vector<Candidate> candidates;
    for (Group& group : groups_) {
      if (group.rows.empty() || (part == Part::test && group.names(Part::train))) continue;
      candidates.push_back({draw(group, purpose, options_.seed), &group});
    }
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return std::tie(a.draw, a.group->key) < std::tie(b.draw, b.group->key);
    });
    std::vector<std::int64_t>& rows = rows_of(part);
    for (const auto& [value, group] : candidates) {
      // A share above 0 gives at least one group, however few there are.
      const bool first_of_share = share > 0.0 && rows.empty() && candidates.size() > 1;
      const bool taken = count ? std::cmp_less_equal(rows.size() + group->rows.size(), *count)
                               : value < share || first_of_share;
      if (!taken) continue;
      rows.insert(rows.end(), group->rows.begin(), group->rows.end());
      group->rows.clear();
    }
  }

  void place_training() {
    std::vector<const Group*> left;
    for (const Group& group : groups_) {
      if (!group.rows.empty()) left.push_back(&group);
    }
    std::sort(left.begin(), left.end(), [&](const Group* a, const Group* b) {
      const double mine = draw(*a, Draw::train_order, options_.seed),
                   other = draw(*b, Draw::train_order, options_.seed);
      return std::tie(mine, a->key) < std::tie(other, b->key);
    });
    for (const Group* group : left) {
      for (const std::int64_t row : group->rows) {
        const bool room = !options_.most_train_rows ||
                          std::cmp_less(split_.train.size(), *options_.most_train_rows);
        (room ? split_.train : split_.unused).push_back(row);
      }
    }
  }

  Result<void> check_result() const {
    const auto too_few = [&](std::string_view part) {
      return bad_input(
          {.where = "split",
           .found = fmt::format("no {} rows come out of {} rows with {} different questions", part,
                                examples_.size(), groups_.size()),
           .wanted = "at least one row in each part",
           .fix = "give more rows with different questions, or change the shares"});
    };
    const bool wants_test = options_.test_rows ? *options_.test_rows > 0 : options_.test > 0.0;
    const bool wants_validation =
        options_.validation_rows ? *options_.validation_rows > 0 : options_.validation > 0.0;
    if (split_.train.empty() && options_.most_train_rows != 0) return too_few("training");
    if (split_.test.empty() && wants_test && !options_.test_is_frozen) return too_few("test");
    if (split_.validation.empty() && wants_validation) return too_few("validation");
    return {};
  }

  std::span<const Example> examples_;
  const SplitOptions& options_;
  std::vector<Group> groups_;
  std::array<bool, 3> named_{};
  Split split_;
};

}  // namespace

std::string_view part_name(Part part) {
  constexpr std::array<std::string_view, 3> kNames = {"train", "validation", "test"};
  return kNames[static_cast<std::size_t>(part)];
}

std::optional<Part> part_from_name(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Part>, 11> kNames = {
      {{"train", Part::train},
       {"training", Part::train},
       {"validation", Part::validation},
       {"valid", Part::validation},
       {"val", Part::validation},
       {"dev", Part::validation},
       {"eval", Part::validation},
       {"test", Part::test},
       {"held_out", Part::test},
       {"heldout", Part::test},
       {"holdout", Part::test}}};
  const std::string key = comparison_key(name);
  for (const auto& [word, part] : kNames) {
    if (word == key) return part;
  }
  return std::nullopt;
}

Result<Split> split_examples(std::span<const Example> examples, const SplitOptions& options) {
  return Splitter(examples, options).run();
}

void assign_part(std::span<Example> examples, Part part) {
  for (Example& example : examples) example.split = part_name(part);
}

}  // namespace attune::data
