// An explanation for people and programs.
#include <fmt/format.h>

#include "eval/explain.h"
#include "eval/table.h"
#include "eval/words.h"
#include "io/text_encoding.h"

namespace attune::eval {

namespace {

constexpr std::size_t kMostGroups = 12;
constexpr std::size_t kMostConfusions = 3;
constexpr std::size_t kExcerpt = 110;

// One line of at most `most` bytes, cut between characters.
std::string excerpt_of(std::string_view text, std::size_t most = kExcerpt) {
  std::string line;
  for (const char c : text.substr(0, most)) line += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  if (text.size() <= most) return line;
  std::size_t cut = most;
  while (cut > 0 && is_utf8_continuation(text[cut])) --cut;
  return line.substr(0, cut) + "...";
}

std::string group_text(const FailureGroup& group, std::int64_t items) {
  std::string out = fmt::format("{} ({} of {} items)\n", group.name, group.items, items);
  if (!group.clause.empty()) out += "  contract: " + group.clause + "\n";
  for (std::size_t k = 0; k < std::min(group.confusions.size(), kMostConfusions); ++k) {
    if (group.confusions[k].second > 1)
      out += fmt::format("  {} times {}\n", group.confusions[k].second,
                         excerpt_of(group.confusions[k].first));
  }
  for (const FailedItem& item : group.examples) {
    out += fmt::format("  {}: {}\n", item.id, excerpt_of(item.input));
    out += item.wanted.empty() ? fmt::format("    {}\n", excerpt_of(item.found))
                               : fmt::format("    wanted {}, found {}\n", excerpt_of(item.wanted),
                                             excerpt_of(item.found));
    for (const TrainingRow& row : item.nearest)
      out += fmt::format("    trained on {}: {}\n", row.id, excerpt_of(row.question));
  }
  return out;
}

}  // namespace

std::string explanation_text(const Explanation& explanation) {
  std::string out =
      fmt::format("{}: {} of {} items are not wholly right\n\n", display_name(explanation.arm),
                  explanation.failed, explanation.items);
  for (std::size_t g = 0; g < std::min(explanation.groups.size(), kMostGroups); ++g)
    out += group_text(explanation.groups[g], explanation.items) + "\n";
  if (explanation.groups.size() > kMostGroups)
    out += fmt::format("and {} smaller groups\n\n", explanation.groups.size() - kMostGroups);
  if (explanation.next.empty()) return out;
  std::vector<std::vector<std::string>> rows{
      {"rows to write next, answered with", "rows", "there are"}};
  for (const NextRows& next : explanation.next) {
    rows.push_back({fmt::format("{} = {}", next.field, excerpt_of(next.value, 50)),
                    std::to_string(next.count), std::to_string(next.have)});
  }
  return out + aligned_table(rows);
}

Json to_json(const Explanation& explanation) {
  Json groups = Json::array(), next = Json::array();
  for (const FailureGroup& group : explanation.groups) {
    Json confusions = Json::array(), examples = Json::array();
    for (const auto& [pair, count] : group.confusions)
      confusions.push_back({{"what", pair}, {"items", count}});
    for (const FailedItem& item : group.examples) {
      Json nearest = Json::array();
      for (const TrainingRow& row : item.nearest) nearest.push_back(row.id);
      examples.push_back({{"id", item.id},
                          {"input", item.input},
                          {"wanted", item.wanted},
                          {"found", item.found},
                          {"nearest", nearest}});
    }
    groups.push_back({{"name", group.name},
                      {"items", group.items},
                      {"clause", group.clause},
                      {"confusions", confusions},
                      {"examples", examples}});
  }
  for (const NextRows& rows : explanation.next) {
    next.push_back({{"count", rows.count},
                    {"field", rows.field},
                    {"value", rows.value},
                    {"like", rows.like},
                    {"answer", rows.answer},
                    {"have", rows.have}});
  }
  return {{"version", 1},
          {"arm", explanation.arm},
          {"items", explanation.items},
          {"failed", explanation.failed},
          {"groups", groups},
          {"next_rows", next}};
}

std::string next_rows_jsonl(const Explanation& explanation) {
  std::string lines;
  for (const NextRows& next : explanation.next) {
    const std::string question =
        fmt::format("___ (a question whose answer has {} = {}; one that failed: {})", next.field,
                    next.value, next.like);
    const Json row = {{"messages",
                       {{{"role", "user"}, {"content", question}},
                        {{"role", "assistant"},
                         {"content", next.answer.is_null() ? next.value : to_text(next.answer)}}}}};
    for (std::int64_t k = 0; k < next.count; ++k) lines += to_text(row) + "\n";
  }
  return lines;
}

}  // namespace attune::eval
