#include "data/duplicate_samples.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "data/example_texts.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

constexpr std::size_t kMostGroups = 30;  // of a kind
constexpr std::size_t kMostRows = 6;

// The first bytes of a text, without a character that the cut would divide.
std::string_view without_cut_character(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && is_utf8_continuation(text[end])) --end;
  return text.substr(0, end);
}

DuplicateSample sample_of(std::span<const Example> examples, const DuplicateGroup& group,
                          const PiiScanner* pii) {
  DuplicateSample sample{
      .kind = group.kind, .rows = {}, .size = std::ssize(group.rows), .pairs = {}};
  std::map<std::int64_t, std::int64_t> shown;  // row -> its place in the sample
  const auto show = [&](std::int64_t row) {
    const auto [place, fresh] = shown.emplace(row, std::ssize(sample.rows));
    if (!fresh) return place->second;
    const Example& example = examples[static_cast<std::size_t>(row)];
    sample.rows.push_back({.where = example.where(),
                           .id = example.id,
                           .question = sample_text(question_text(example), pii),
                           .answer = sample_text(answer_text(example), pii)});
    return place->second;
  };
  for (const NearPair& pair : group.pairs) {
    if (sample.rows.size() + 2 > kMostRows) break;
    const std::int64_t first = show(pair.first);
    sample.pairs.push_back(
        {.first = first, .second = show(pair.second), .similarity = pair.similarity});
  }
  if (!group.pairs.empty()) return sample;
  for (std::size_t i = 0; i < std::min(group.rows.size(), kMostRows); ++i) show(group.rows[i]);
  return sample;
}

}  // namespace

std::string sample_text(std::string_view text, const PiiScanner* pii, std::size_t most) {
  // With what follows the cut, so that a secret across it is known as one.
  constexpr std::size_t kBehindCut = 4096;
  text = without_cut_character(text, most + kBehindCut);
  std::string out;
  std::size_t at = 0;
  for (const PiiMatch& match : pii == nullptr ? std::vector<PiiMatch>() : pii->scan(text)) {
    out += text.substr(at, match.begin - at);
    out += shown_in_part(text.substr(match.begin, match.end - match.begin));
    at = match.end;
  }
  out += text.substr(at);
  if (out.size() <= most) return out;
  return std::string(without_cut_character(out, most)) + " ...";
}

std::vector<DuplicateSample> duplicate_samples(std::span<const Example> examples,
                                               const DuplicateReport& report,
                                               const PiiScanner* pii) {
  std::vector<DuplicateSample> samples;
  for (const Likeness kind :
       {Likeness::conflict, Likeness::copy, Likeness::near_copy, Likeness::near_question}) {
    std::vector<const DuplicateGroup*> groups;
    for (const DuplicateGroup& group : report.groups) {
      if (group.kind == kind) groups.push_back(&group);
    }
    std::stable_sort(groups.begin(), groups.end(),
                     [](const DuplicateGroup* a, const DuplicateGroup* b) {
                       return a->rows.size() > b->rows.size();
                     });
    groups.resize(std::min(groups.size(), kMostGroups));
    for (const DuplicateGroup* group : groups) samples.push_back(sample_of(examples, *group, pii));
  }
  return samples;
}

}  // namespace attune::data
