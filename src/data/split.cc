#include "data/split.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "data/clean_text.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 3> kGroupings = {"first user turn", "all user turns",
                                                        "system and user turns"};

// The text by which rows are grouped; `grouping` is an index into kGroupings.
std::string group_key(const Example& example, std::size_t grouping) {
  std::string key;
  for (const Json& message : example.messages) {
    const std::string role = message.value("role", "");
    const bool counts =
        role == "user" || (grouping == 2 && (role == "system" || role == "developer"));
    const auto content = message.find("content");
    if (!counts || content == message.end() || !content->is_string()) continue;
    key += comparison_key(content->get_ref<const std::string&>()) + "\n";
    if (grouping == 0) break;
  }
  return key;
}

struct Group {
  std::string key;
  std::vector<std::int64_t> rows;
  std::array<bool, 3> named{};  // a row of the group names this part
  bool names(Part part) const { return named[static_cast<std::size_t>(part)]; }
  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
};

std::vector<Group> group_rows(std::span<const Example> examples, std::size_t grouping) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t row = 0; row < examples.size(); ++row) {
    std::string key = group_key(examples[row], grouping);
    const auto [place, fresh] = known.emplace(std::move(key), groups.size());
    if (fresh) groups.push_back({.key = place->first, .rows = {}});
    Group& group = groups[place->second];
    group.rows.push_back(static_cast<std::int64_t>(row));
    if (const std::optional<Part> part = part_from_name(examples[row].split)) {
      group.named[static_cast<std::size_t>(*part)] = true;
    }
  }
  return groups;
}

std::vector<Group> group_usefully(std::span<const Example> examples, Split& split) {
  std::vector<Group> groups;
  for (std::size_t grouping = 0; grouping < kGroupings.size(); ++grouping) {
    groups = group_rows(examples, grouping);
    split.grouped_by = kGroupings[grouping];
    const auto largest =
        std::max_element(groups.begin(), groups.end(),
                         [](const Group& a, const Group& b) { return a.size() < b.size(); });
    if (largest == groups.end() || largest->rows.size() * 2 <= examples.size()) break;
  }
  return groups;
}

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
    groups_ = group_usefully(examples_, split_);
    for (const Group& group : groups_) {
      for (std::size_t part = 0; part < 3; ++part) named_[part] = named_[part] || group.named[part];
    }
    place_named();
    const bool free_test = !is_named(Part::test);
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

  void leave_out(std::int64_t row, std::int64_t keeper, Part part) {
    const Example& example = examples_[static_cast<std::size_t>(row)];
    split_.unused.push_back(row);
    split_.findings.push_back(
        {.rule = "leak",
         .severity = Severity::warning,
         .action = Action::dropped,
         .where = example.where(),
         .row = example.id,
         .path = {},
         .found = fmt::format("the question of {}, a {} row",
                              examples_[static_cast<std::size_t>(keeper)].where(), part_name(part)),
         .wanted = "a question that the model is not measured on",
         .fix = "nothing to do; the row is left out"});
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
    if (split_.test.empty() && wants_test) return too_few("test");
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
