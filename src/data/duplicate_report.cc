// What find_duplicates() found, as findings, as a page and as JSON.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "data/duplicates.h"
#include "data/example_texts.h"
#include "data/split.h"
#include "data/union_find.h"
#include "data/word_difference.h"

namespace attune::data {

namespace {

const Example& example_at(std::span<const Example> examples, std::int64_t row) {
  return examples[static_cast<std::size_t>(row)];
}

Finding about(const Example& example, std::string code, std::string rule, Severity severity) {
  Finding finding;
  finding.rule = std::move(rule);
  finding.severity = severity;
  finding.where = example.where();
  finding.row = example.id;
  finding.code = std::move(code);
  finding.line = example.line;
  return finding;
}

struct Wording {
  const char* rule;
  Severity severity;
  const char* found;  // {} is the place of the other row
  const char* wanted;
  const char* fix;
};

const Wording& wording_of(Likeness kind) {
  static constexpr std::array<Wording, 5> kWordings = {{
      {"duplicate_row", Severity::warning, "the same question and answer as {}",
       "each example once", "attune data dedup --drop writes the file without copies"},
      {"near_duplicate_row", Severity::warning, "nearly the same question and answer as {}",
       "examples that differ", "attune data dedup shows the difference, --drop leaves copies out"},
      {"conflicting_answers", Severity::warning, "the question of {} with another answer",
       "one answer to a question", "decide which is right: a model can learn only one"},
      {"near_duplicate_question", Severity::info, "nearly the question of {}",
       "questions that differ", "keep both on one side of the split: attune data split does so"},
      {"template_filling", Severity::info, "the sentence of {} with other numbers or names",
       "sentences that differ", "write some examples in other words"},
  }};
  return kWordings[static_cast<std::size_t>(kind)];
}

// Rows whose question, or one like it, stands in a part that measures them.
void add_leaks(std::span<const Example> examples, const DuplicateReport& report,
               std::vector<Finding>& findings) {
  UnionFind joined(report.rows);
  for (const NearPair& pair : report.alike) joined.unite(pair.first, pair.second);
  std::map<std::pair<std::int64_t, Part>, std::int64_t> first;  // of a group in a part
  const auto part_of = [&](std::int64_t row) {
    return part_from_name(example_at(examples, row).split);
  };
  for (std::int64_t row = 0; row < report.rows; ++row) {
    if (const auto part = part_of(row)) first.emplace(std::pair(joined.find(row), *part), row);
  }
  for (std::int64_t row = 0; row < report.rows; ++row) {
    const std::optional<Part> part = part_of(row);
    if (!part) continue;
    for (const Part later : {Part::test, Part::validation}) {
      const auto other = first.find({joined.find(row), later});
      if (later <= *part || other == first.end()) continue;
      const Example& example = example_at(examples, row);
      Finding finding = about(example, "D036", "leak", Severity::error);
      finding.found = fmt::format("a {} row that asks the same or nearly the same as {}, a {} row",
                                  part_name(*part), example_at(examples, other->second).where(),
                                  part_name(later));
      finding.wanted = "a test of what training has not seen";
      finding.fix = "leave the row out: attune data split does so";
      findings.push_back(std::move(finding));
      break;
    }
  }
}

std::string percent_of(const NearPair& pair) {
  return fmt::format("{:.0f} % alike", pair.similarity * 100);
}

std::string shortened(std::string_view text, std::size_t most) {
  std::string line;
  for (const char c : text.substr(0, most)) line += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  while (line.size() < text.size() && !line.empty() && (text[line.size()] & '\xC0') == '\x80')
    line.pop_back();  // not inside a character
  return line.size() < text.size() ? line + " ..." : line;
}

class Page {
 public:
  explicit Page(std::span<const Example> examples) : examples_(examples) {}

  void add(const DuplicateGroup& group) {
    switch (group.kind) {
      case Likeness::copy:
        add_places(group, 8);
        break;
      case Likeness::near_copy:
      case Likeness::near_question:
        add_pairs(group);
        break;
      case Likeness::conflict:
        add_conflict(group);
        break;
      case Likeness::filling:
        add_places(group, 4);
        for (std::size_t i = 0; i < std::min<std::size_t>(group.rows.size(), 2); ++i)
          line("    " + shortened(question_text(at(group.rows[i])), 160));
        break;
    }
  }
  void line(const std::string& text) { (text_ += text) += '\n'; }
  std::string take() { return std::move(text_); }

 private:
  const Example& at(std::int64_t row) const { return example_at(examples_, row); }

  void add_places(const DuplicateGroup& group, std::size_t most) {
    std::string places;
    for (std::size_t i = 0; i < std::min(group.rows.size(), most); ++i)
      places += (i == 0 ? "  " : ", ") + at(group.rows[i]).where();
    if (group.rows.size() > most) places += fmt::format(" and {} more", group.rows.size() - most);
    line(places);
  }

  void add_pairs(const DuplicateGroup& group) {
    constexpr std::size_t kMost = 3;
    for (std::size_t i = 0; i < std::min(group.pairs.size(), kMost); ++i) {
      const NearPair& pair = group.pairs[i];
      line(fmt::format("  {} and {}: {}", at(pair.first).where(), at(pair.second).where(),
                       percent_of(pair)));
      difference("asked", question_text(at(pair.first)), question_text(at(pair.second)));
      difference("answer", answer_text(at(pair.first)), answer_text(at(pair.second)));
    }
    if (group.pairs.size() > kMost) {
      line(fmt::format("  and {} more rows joined to these", group.pairs.size() - kMost));
    }
  }

  void difference(const char* what, const std::string& before, const std::string& after) {
    const std::string marked = marked_difference(before, after);
    if (marked == "..." || marked.empty()) return;  // the same
    line(fmt::format("    {}: {}", what, shortened(marked, 600)));
  }

  void add_conflict(const DuplicateGroup& group) {
    line("  asked: " + shortened(question_text(at(group.rows[0])), 160));
    constexpr std::size_t kMost = 4;
    for (std::size_t i = 0; i < std::min(group.rows.size(), kMost); ++i) {
      line(fmt::format("    {}: {}", at(group.rows[i]).where(),
                       shortened(answer_text(at(group.rows[i])), 160)));
    }
    if (group.rows.size() > kMost) line(fmt::format("    and {} more", group.rows.size() - kMost));
  }

  std::span<const Example> examples_;
  std::string text_;
};

const char* title_of(Likeness kind) {
  constexpr std::array<const char*, 5> kTitles = {
      "the same question and answer", "nearly the same question and answer",
      "the same question with different answers", "nearly the same question",
      "one sentence with other numbers, dates or names"};
  return kTitles[static_cast<std::size_t>(kind)];
}

}  // namespace

std::vector<Finding> duplicate_findings(std::span<const Example> examples,
                                        const DuplicateReport& report) {
  std::vector<Finding> findings;
  for (const DuplicateGroup& group : report.groups) {
    if (group.kind == Likeness::filling) continue;  // often meant so
    const Wording& words = wording_of(group.kind);
    for (std::size_t i = 1; i < group.rows.size(); ++i) {
      const Example& example = example_at(examples, group.rows[i]);
      Finding finding = about(example, "D035", words.rule, words.severity);
      finding.found =
          fmt::format(fmt::runtime(words.found), example_at(examples, group.rows[0]).where());
      finding.wanted = words.wanted;
      finding.fix = words.fix;
      findings.push_back(std::move(finding));
    }
  }
  add_leaks(examples, report, findings);
  return findings;
}

std::string duplicate_page(std::span<const Example> examples, const DuplicateReport& report,
                           std::int64_t show) {
  Page page(examples);
  page.line(fmt::format("{} rows", report.rows));
  for (const Likeness kind : {Likeness::copy, Likeness::near_copy, Likeness::conflict,
                              Likeness::near_question, Likeness::filling}) {
    std::vector<const DuplicateGroup*> groups;
    std::size_t rows = 0;
    for (const DuplicateGroup& group : report.groups) {
      if (group.kind != kind) continue;
      groups.push_back(&group);
      rows += group.rows.size();
    }
    if (groups.empty()) {
      page.line(fmt::format("none: {}", title_of(kind)));
      continue;
    }
    page.line(fmt::format("\n{} rows in {} groups: {}", rows, groups.size(), title_of(kind)));
    const auto shown = std::min(static_cast<std::size_t>(show), groups.size());
    for (std::size_t i = 0; i < shown; ++i) page.add(*groups[i]);
    if (shown < groups.size()) page.line(fmt::format("  {} more groups", groups.size() - shown));
  }
  return page.take();
}

Json to_json(std::span<const Example> examples, const DuplicateReport& report) {
  const auto place = [&](std::int64_t row) {
    const Example& example = example_at(examples, row);
    return Json{{"where", example.where()}, {"row", example.id}};
  };
  Json groups = Json::array();
  for (const DuplicateGroup& group : report.groups) {
    Json rows = Json::array();
    for (const std::int64_t row : group.rows) rows.push_back(place(row));
    const auto index_in_group = [&](std::int64_t row) {
      return std::lower_bound(group.rows.begin(), group.rows.end(), row) - group.rows.begin();
    };
    Json pairs = Json::array();
    for (const NearPair& pair : group.pairs) {
      pairs.push_back({{"first", index_in_group(pair.first)},
                       {"second", index_in_group(pair.second)},
                       {"similarity", pair.similarity}});
    }
    groups.push_back({{"kind", likeness_name(group.kind)},
                      {"rows", std::move(rows)},
                      {"best", place(group.best)},
                      {"pairs", std::move(pairs)}});
  }
  Json dropped = Json::array();
  for (const std::int64_t row : report.dropped) dropped.push_back(place(row));
  return {{"rows", report.rows}, {"dropped", std::move(dropped)}, {"groups", std::move(groups)}};
}

}  // namespace attune::data
