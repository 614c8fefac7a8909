#include "cli/data_check_drawings.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "data/word_difference.h"
#include "eval/html.h"

namespace attune::cli {

namespace {

using eval::escape;

constexpr int kWidth = 720;
constexpr int kHeight = 170;
constexpr int kBottom = 22;  // room for the numbers below the bars
constexpr int kTop = 16;

std::string heading(std::string_view title, std::string_view note) {
  return fmt::format("<h2>{} <span class=\"note\">{}</span></h2>", escape(title), escape(note));
}

// Characters that are not seen, by their codes.
std::string shown(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kUnseen = {
      {{"\xE2\x80\x8B", "[U+200B]"},
       {"\xE2\x80\x8C", "[U+200C]"},
       {"\xE2\x80\x8D", "[U+200D]"},
       {"\xE2\x81\xA0", "[U+2060]"},
       {"\xEF\xBB\xBF", "[U+FEFF]"},
       {"\xC2\xAD", "[U+00AD]"},
       {"\r", "[CR]"},
       {"\x7F", "[DEL]"},
       {std::string_view("\0", 1), "[NUL]"}}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto unseen = std::find_if(kUnseen.begin(), kUnseen.end(), [&](const auto& one) {
      return text.substr(at).starts_with(one.first);
    });
    if (unseen == kUnseen.end()) {
      out += text[at++];
    } else {
      out += unseen->second;
      at += unseen->first.size();
    }
  }
  return escape(out);
}

std::string bars(const data::Distribution& all) {
  std::int64_t tallest = 1;
  for (const auto& bucket : all.buckets) tallest = std::max(tallest, bucket.count);
  const double step = static_cast<double>(kWidth) / static_cast<double>(all.buckets.size());
  const double room = kHeight - kBottom - kTop;
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"{2} in {3}\"><title>{2} in "
      "{3}</title><line class=\"axis\" x1=\"0\" x2=\"{0}\" y1=\"{4}\" y2=\"{4}\"/>",
      kWidth, kHeight, escape(all.name), escape(all.unit), kHeight - kBottom);
  // A number below every so many bars, so that they do not touch.
  const std::size_t every = all.buckets.size() / 8 + 1;
  for (std::size_t i = 0; i < all.buckets.size(); ++i) {
    const auto& bucket = all.buckets[i];
    const double tall = room * static_cast<double>(bucket.count) / static_cast<double>(tallest);
    const double left = step * static_cast<double>(i);
    out += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{} to {} {}: {} "
        "rows</title></rect>",
        left + 1, kHeight - kBottom - tall, std::max(step - 2, 1.0), tall, bucket.from,
        bucket.to - 1, escape(all.unit), bucket.count);
    if (i % every == 0)
      out +=
          fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text>", left + 1, kHeight - 6, bucket.from);
    if (bucket.count == tallest)
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", left + 1, kTop - 4.0,
                         bucket.count);
  }
  return out + "</svg>";
}

std::string place_html(const std::string& where, const std::string& id) {
  const bool own = !id.empty() && !id.starts_with("row ");
  return fmt::format("<code>{}</code>{}", escape(where), own ? " " + escape(id) : "");
}

std::string_view likeness_words(data::Likeness kind) {
  constexpr std::array<std::string_view, 5> kWords = {
      "the same question and answer", "nearly the same question and answer",
      "the same question with different answers", "nearly the same question",
      "one sentence with other numbers or names"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string pairs_html(const data::DuplicateSample& group) {
  std::string out;
  for (const data::NearPair& pair : group.pairs) {
    const auto& first = group.rows[static_cast<std::size_t>(pair.first)];
    const auto& second = group.rows[static_cast<std::size_t>(pair.second)];
    out += fmt::format("<p>{} and {}: {:.0f} % alike</p><dl><dt>asked</dt><dd>{}</dd>",
                       place_html(first.where, first.id), place_html(second.where, second.id),
                       100 * pair.similarity, difference_html(first.question, second.question));
    out += fmt::format(
        "<dt>answer</dt><dd>{}</dd></dl>",
        first.answer == second.answer ? "the same" : difference_html(first.answer, second.answer));
  }
  return out;
}

// Of copies one text stands for all; of contradicting rows each answer is shown against the first.
std::string rows_html(const data::DuplicateSample& group) {
  std::string places;
  for (const auto& row : group.rows)
    places += (places.empty() ? "" : ", ") + place_html(row.where, row.id);
  const auto& first = group.rows.front();
  std::string out =
      fmt::format("<p>{}</p><dl><dt>asked</dt><dd>{}</dd>", places, shown(first.question));
  const bool conflict = group.kind == data::Likeness::conflict;
  out += fmt::format("<dt>{}</dt><dd>{}</dd>",
                     conflict ? "answer of " + place_html(first.where, first.id) : "answer",
                     shown(first.answer));
  for (std::size_t i = 1; conflict && i < group.rows.size(); ++i) {
    const auto& row = group.rows[i];
    out += fmt::format(
        "<dt>answer of {}</dt><dd>{}</dd>", place_html(row.where, row.id),
        row.answer == first.answer ? "the same" : difference_html(first.answer, row.answer));
  }
  return out + "</dl>";
}

}  // namespace

std::string difference_html(const std::string& before, const std::string& after) {
  std::string out;
  for (const data::DifferentWords& part : data::word_difference(before, after)) {
    if (!out.empty()) out += ' ';
    const std::string text = shown(part.text);
    switch (part.mark) {
      case data::Mark::equal:
        out += text;
        break;
      case data::Mark::removed:
        out += "<del>" + text + "</del>";
        break;
      case data::Mark::added:
        out += "<ins>" + text + "</ins>";
        break;
      case data::Mark::left_out:
        out += "&hellip;";
        break;
    }
  }
  return out;
}

std::string distribution_html(const data::Distribution& all) {
  if (all.count == 0) return {};
  return heading(all.name, all.unit) + bars(all) +
         fmt::format(
             "<p class=\"note\">{} rows; least {}, 5 % up to {}, half up to {}, 95 % up to "
             "{}, most {}, mean {:.1f}. The last bar holds the longest hundredth.</p>",
             all.count, all.least, all.p5, all.median, all.p95, all.most, all.mean);
}

std::string duplicates_html(const std::vector<data::DuplicateSample>& groups) {
  if (groups.empty()) return {};
  std::string out = heading("Rows that say the same", "the largest groups of each kind");
  for (const data::DuplicateSample& group : groups) {
    out += fmt::format(
        "<details><summary>{} <span class=\"note\">({} rows, first {})</span></summary>",
        likeness_words(group.kind), group.size, escape(group.rows.front().where));
    out += group.pairs.empty() ? rows_html(group) : pairs_html(group);
    const auto more = group.size - static_cast<std::int64_t>(group.rows.size());
    if (more > 0) out += fmt::format("<p class=\"note\">and {} more rows</p>", more);
    out += "</details>";
  }
  return out;
}

std::string failures_html(const std::vector<data::ContractFailure>& failures) {
  if (failures.empty()) return {};
  std::string out = heading("Answers that break the contract", "the first of them");
  for (const data::ContractFailure& failure : failures) {
    out += fmt::format("<details><summary>{} {}</summary><pre>{}</pre></details>",
                       place_html(failure.where, failure.row), escape(failure.problem),
                       shown(failure.answer));
  }
  return out;
}

std::string mends_html(const std::vector<data::Mend>& mends) {
  if (mends.empty()) return {};
  constexpr std::size_t kMostShown = 200;
  std::string out =
      heading("What --fix changed", fmt::format("{} mends", mends.size())) +
      "<table><tr><th>line</th><th>row</th><th>what</th><th>before and after</th></tr>";
  for (std::size_t i = 0; i < std::min(mends.size(), kMostShown); ++i) {
    const data::Mend& mend = mends[i];
    const bool texts = !mend.text_before.empty() || !mend.text_after.empty();
    out += fmt::format(
        "<tr><td>{}</td><td>{}<br><code>{}</code></td><td>{} {}</td><td>{}</td></tr>", mend.line,
        escape(mend.row), escape(mend.path), escape(mend.code), escape(mend.what),
        texts ? difference_html(mend.text_before, mend.text_after) : "");
  }
  out += "</table>";
  if (mends.size() > kMostShown)
    out += fmt::format("<p class=\"note\">and {} more, in the log of mends</p>",
                       mends.size() - kMostShown);
  return out;
}

}  // namespace attune::cli
