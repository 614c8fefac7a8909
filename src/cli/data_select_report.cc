#include <cmath>

#include <fmt/format.h>

#include "cli/data_select.h"

namespace attune::cli {

namespace {

Json summary_json(const data::SelectionSummary& summary, const CuratedRows& rows) {
  Json enums = nullptr;
  if (summary.enum_values) {
    std::size_t all = 0;
    for (const data::EnumField& field : *rows.enums) all += field.values.size();
    enums = {{"covered", *summary.enum_values}, {"of", all}};
  }
  return {{"name", summary.name},
          {"rows", summary.chosen.size()},
          {"trained_tokens", summary.trained_tokens},
          {"tokens", summary.tokens},
          {"mean_answer_tokens", summary.mean_answer_tokens},
          {"mean_ifd", json_number(summary.mean_ifd)},
          {"facility_value", summary.facility_value},
          {"enum_values", std::move(enums)}};
}

// Every row of the file: kept, left out, of another part, or not usable.
Json rows_json(const Selected& selected) {
  std::vector<std::int64_t> rank(selected.candidates.size(), 0);
  for (std::size_t i = 0; i < selected.ranking.order.size(); ++i)
    rank[static_cast<std::size_t>(selected.ranking.order[i])] = static_cast<std::int64_t>(i) + 1;
  const std::int64_t kept = std::ssize(selected.table.front().chosen);
  Json rows = Json::array();
  for (std::size_t i = 0; i < selected.candidates.size(); ++i) {
    const data::CandidateRow& candidate = selected.candidates[i];
    const data::Example& example = selected.rows.example(i);
    const double score = selected.ranking.scores[i];
    rows.push_back(
        {{"where", example.where()},
         {"row", example.id},
         {"kept", rank[i] <= kept},
         {"rank", rank[i]},
         {"score", std::isnan(score) ? Json(nullptr) : Json(score)},
         {"ifd", json_number(candidate.ifd())},
         {"perplexity", candidate.loss ? Json(std::exp(*candidate.loss)) : Json(nullptr)},
         {"answer_tokens", candidate.answer_tokens},
         {"trained_tokens", candidate.trained_tokens},
         {"tokens", candidate.tokens},
         {"cluster", candidate.cluster},
         {"note", selected.ranking.reasons[i]}});
  }
  return rows;
}

Json others_json(const Selected& selected) {
  Json others = Json::array();
  for (const data::Example& example : selected.rows.prepared.examples) {
    const std::optional<data::Part> part = data::part_from_name(example.split);
    if (part && *part != data::Part::train)
      others.push_back(
          {{"where", example.where()}, {"row", example.id}, {"part", data::part_name(*part)}});
  }
  return others;
}

}  // namespace

Json select_report(const Selected& selected, const SelectCommand& options) {
  Json table = Json::array();
  for (const data::SelectionSummary& summary : selected.table)
    table.push_back(summary_json(summary, selected.rows));
  Json unusable = Json::array();
  for (const data::Finding& finding : selected.rows.prepared.report.findings) {
    if (finding.action != data::Action::dropped) continue;
    unusable.push_back({{"where", finding.where},
                        {"row", finding.row},
                        {"rule", finding.rule},
                        {"found", finding.found}});
  }
  return {{"version", 1},
          {"source", options.data.file},
          {"model", options.model.model},
          {"method", options.method},
          {"vectors", options.vectors},
          {"seed", options.seed},
          {"keep", options.keep},
          {"comparison", std::move(table)},
          {"enum_values", selected.coverage ? data::to_json(*selected.coverage) : Json(nullptr)},
          {"missing_enum_values",
           selected.coverage ? Json(selected.coverage->missing()) : Json(nullptr)},
          {"rows", rows_json(selected)},
          {"other_parts", others_json(selected)},
          {"unusable", std::move(unusable)}};
}

void print_select_page(const Selected& selected, const SelectCommand& options) {
  const CuratedRows& rows = selected.rows;
  fmt::print(
      "{} rows to choose from; {} of other parts, {} not usable (select_report.json names "
      "them)\n\n",
      rows.candidates.size(), rows.prepared.examples.size() - rows.candidates.size(),
      rows.prepared.report.rows_dropped());
  fmt::print("{:<12} {:>6} {:>15} {:>9} {:>15} {:>12} {:>9} {:>15}\n", "choice", "rows",
             "trained tokens", "tokens", "tokens/answer", "enum values", "mean IFD",
             "facility value");
  for (const data::SelectionSummary& summary : selected.table) {
    fmt::print(
        "{:<12} {:>6} {:>15} {:>9} {:>15.1f} {:>12} {:>9} {:>15.4f}\n", summary.name,
        summary.chosen.size(), summary.trained_tokens, summary.tokens, summary.mean_answer_tokens,
        summary.enum_values
            ? fmt::format("{} of {}", *summary.enum_values, selected.coverage->counts.size())
            : "-",
        summary.mean_ifd ? fmt::format("{:.4f}", *summary.mean_ifd) : "-", summary.facility_value);
  }
  std::int64_t unhelpful = 0;
  for (const std::int64_t index : selected.table.front().chosen)
    unhelpful += selected.ranking.reasons[static_cast<std::size_t>(index)].empty() ? 0 : 1;
  if (unhelpful > 0)
    fmt::print("\n{} of the kept rows rank last for a reason: see their notes\n", unhelpful);
  if (selected.coverage) fmt::print("\n{}", coverage_text(*selected.coverage));
  fmt::print(
      "\n{}: train.jsonl, select_report.json, and the simple choices in simple/\n"
      "Train on each and compare before you trust a choice: simple ones often do as well.\n",
      options.out);
}

}  // namespace attune::cli
