#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "advise/page.h"
#include "advise/words.h"
#include "eval/html.h"

namespace attune::advise {

namespace {

using eval::escape;

constexpr std::string_view kStyle = R"css(
.verdict.fine_tune,.verdict.tuned_rag{border-left-color:var(--good)}.verdict.do_nothing{border-left-color:var(--bad)}
.verdict.inconclusive{border-left-color:var(--warn)}
.verdict.rag,.verdict.prompt,.verdict.constrained_decoding{border-left-color:var(--accent)}
svg{max-width:760px}table{font-size:13px}
.curve.series0{stroke:var(--other)}.curve.series1{stroke:var(--accent)}.curve.series2{stroke:var(--second)}.curve.series3{stroke:var(--good)}
)css";

std::string section_html(const PageTable& table, bool numeric) {
  if (table.rows.size() < 2) return "";
  std::vector<eval::Column> columns;
  for (std::size_t c = 0; c < table.rows[0].size(); ++c)
    columns.push_back({.heading = escape(table.rows[0][c]), .numeric = numeric && c > 0});
  std::vector<eval::Row> rows;
  for (std::size_t r = 1; r < table.rows.size(); ++r) {
    eval::Row row{.cells = {}, .subject = table.rows[r][0].starts_with("! ")};
    for (const std::string& cell : table.rows[r]) row.cells.push_back(escape(cell));
    rows.push_back(std::move(row));
  }
  return fmt::format(
      "<section><h2>{}</h2>{}{}</section>", escape(table.title), eval::table_html(columns, rows),
      table.note.empty() ? "" : fmt::format("<p class=\"note\">{}</p>", escape(table.note)));
}

std::string list_html(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string out = fmt::format("<section><h2>{}</h2><ul>", escape(title));
  for (const std::string& line : lines) out += fmt::format("<li>{}</li>", escape(line));
  return out + "</ul></section>";
}

// Today, what the money is about, and the two others that are worth most.
std::vector<Arm> arms_to_draw(const Advice& advice) {
  std::vector<Arm> others;
  for (std::size_t i = 0; i < kArms; ++i) {
    const auto arm = static_cast<Arm>(i);
    if (arm != Arm::now && arm != advice.focus.arm) others.push_back(arm);
  }
  const Economics& economics = advice.middle.economics;
  std::stable_sort(others.begin(), others.end(), [&](Arm a, Arm b) {
    return economics.arm(a).net_present_value > economics.arm(b).net_present_value;
  });
  std::vector<Arm> arms{Arm::now, advice.focus.arm};
  const bool over_rag = advice.focus.over_rag;
  if (over_rag) arms.push_back(Arm::rag);
  for (const Arm arm : others) {
    if (arms.size() < 4 && !(over_rag && arm == Arm::rag)) arms.push_back(arm);
  }
  return arms;
}

}  // namespace

std::string cost_plot(const Advice& advice) {
  const Variables& v = advice.middle.variables;
  const auto last = static_cast<std::int64_t>(v.horizon_months * 365 / 12);
  const std::vector<Arm> arms = arms_to_draw(advice);
  double most = 0;
  for (const Arm which : arms) {
    const ArmMoney& arm = advice.middle.economics.arm(which);
    most = std::max(most, arm.one_off + arm.daily.total() * static_cast<double>(last));
  }
  const double unit = most >= 10000 ? 1000 : 1;
  std::vector<eval::Curve> curves;
  for (const Arm which : arms) {
    const ArmMoney& arm = advice.middle.economics.arm(which);
    eval::Curve curve{.label = std::string(arm_words(which)), .points = {}, .dots = false};
    for (std::int64_t day = 0; day <= last; day += std::max<std::int64_t>(1, last / 100)) {
      curve.points.push_back(
          {.step = day,
           .value = (arm.one_off + arm.daily.total() * static_cast<double>(day)) / unit});
    }
    curves.push_back(std::move(curve));
  }
  return eval::line_plot("Cost over time", unit > 1 ? "thousand $" : "$", curves, "days");
}

std::string advice_html(const Advice& advice) {
  const Leaf& leaf = *advice.decided.leaf;
  std::string page = fmt::format(
      "<section class=\"verdict {}\"><p><strong>{}</strong> {}</p><p class=\"note\">Confidence: {}"
      "</p></section>",
      choose_name(leaf.choose), escape(leaf.sentence), escape(advice.sentence_of_money()),
      confidence_name(advice.confidence));
  page += list_html("Why the confidence is no higher", advice.doubts);
  page += list_html("Before you follow it", advice.conditions);
  page += section_html(path_table(advice), false);
  page += "<section><h2>Cost over time</h2>" + cost_plot(advice) +
          "<p class=\"note\">One-off and daily cost, without training again and without "
          "interest.</p></section>";
  page += section_html(costs_table(advice), true);
  page += section_html(thresholds_table(advice), true);
  page += section_html(draws_table(advice), true);
  page += list_html("Evidence", evidence_lines(advice));
  page += section_html(choices_table(advice), false);
  page += section_html(flips_table(advice, false), false);
  page += section_html(flips_table(advice, true), false);
  page += section_html(prices_table(advice), false);
  return eval::html_page("Prompt, retrieve or fine-tune?", date_text(advice.today), page, "",
                         kStyle);
}

}  // namespace attune::advise
