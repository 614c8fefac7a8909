#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cli/data_suspects.h"
#include "data/example_texts.h"
#include "io/text_encoding.h"

namespace attune::cli {

namespace {

std::string shortened(std::string_view text) {
  constexpr std::size_t kShownBytes = 160;
  return quote_for_message(text, kShownBytes);
}

std::string path_of(const data::LabelField& field) {
  return field.path.empty() ? "the answer" : field.path;
}

void print_labels(const Suspects& found, std::int64_t show) {
  if (found.fields.empty()) {
    fmt::print("labels: the answers have none (2 to 200 values, five rows or more for each)\n");
    return;
  }
  fmt::print("labels, each row predicted from all others by its words:\n");
  for (std::size_t i = 0; i < found.fields.size(); ++i) {
    const data::FieldFit& fit = found.labels.fits[i];
    const std::int64_t suspects =
        std::count_if(found.labels.suspects.begin(), found.labels.suspects.end(),
                      [&](const data::LabelSuspect& suspect) { return suspect.field == i; });
    fmt::print(
        "  {:<24} {:>3} values, agree in {:.1f} % of rows (commonest {:.1f} %), {}\n",
        path_of(found.fields[i]), found.fields[i].values.size(), 100 * fit.agreement,
        100 * fit.commonest,
        fit.predictable() ? fmt::format("{} suspects", suspects) : "too few to tell mistakes by");
  }
  for (std::size_t i = 0; i < found.labels.suspects.size(); ++i) {
    if (static_cast<std::int64_t>(i) >= show) {
      fmt::print("{} more (--show, or --json for all)\n",
                 found.labels.suspects.size() - static_cast<std::size_t>(show));
      break;
    }
    const data::LabelSuspect& suspect = found.labels.suspects[i];
    const data::LabelField& field = found.fields[suspect.field];
    const data::Example& own = found.rows.example(static_cast<std::size_t>(suspect.row));
    fmt::print("\n{} ({}) {}: {}, where the others say {} ({:.2f} against {:.2f}){}\n", own.where(),
               own.id, path_of(field), field.values[static_cast<std::size_t>(suspect.given)],
               field.values[static_cast<std::size_t>(suspect.suggested)], suspect.given_score,
               suspect.suggested_score,
               i < found.preferences.size() && found.preferences[i]
                   ? fmt::format("; the model prefers {} by {:.2f} nats",
                                 *found.preferences[i] > 0 ? "theirs" : "the row's own",
                                 std::abs(*found.preferences[i]))
                   : "");
    fmt::print("    {}\n", shortened(data::question_text(own)));
    if (suspect.neighbour < 0) continue;
    const data::Example& other = found.rows.example(static_cast<std::size_t>(suspect.neighbour));
    fmt::print("  most alike with that label, {:.2f}: {} ({})\n    {}\n", suspect.similarity,
               other.where(), other.id, shortened(data::question_text(other)));
  }
}

void print_conflicts(const Suspects& found, std::int64_t show) {
  fmt::print("\nquestions nearly the same, answers not: {} pairs\n", found.conflicts.size());
  for (std::size_t i = 0; i < found.conflicts.size(); ++i) {
    if (static_cast<std::int64_t>(i) >= show) break;
    const Conflict& conflict = found.conflicts[i];
    const auto side = [&](std::int64_t row, std::optional<double> loss) {
      const auto at = static_cast<std::size_t>(row);
      const data::Example& example = found.rows.example(at);
      fmt::print("  {} ({}){}\n    {}\n    {}\n", example.where(), example.id,
                 loss ? fmt::format(", loss {:.3f}", *loss) : "",
                 shortened(data::question_text(example)), shortened(found.rows.answers[at]));
    };
    fmt::print("\n  {:.2f} alike{}\n", conflict.pair.similarity,
               conflict.difference() > 0
                   ? fmt::format("; the model finds the {} answer less likely",
                                 *conflict.first_loss > *conflict.second_loss ? "first" : "second")
                   : "");
    side(conflict.pair.first, conflict.first_loss);
    side(conflict.pair.second, conflict.second_loss);
  }
}

Json place(const Suspects& found, std::int64_t row) {
  if (row < 0) return nullptr;
  const data::Example& example = found.rows.example(static_cast<std::size_t>(row));
  return {{"where", example.where()}, {"row", example.id}};
}

}  // namespace

Json suspects_report(const Suspects& found) {
  Json fields = Json::array(), suspects = Json::array(), conflicts = Json::array();
  for (std::size_t i = 0; i < found.fields.size(); ++i)
    fields.push_back({{"path", found.fields[i].path},
                      {"values", found.fields[i].values},
                      {"agreement", found.labels.fits[i].agreement},
                      {"commonest", found.labels.fits[i].commonest}});
  for (std::size_t i = 0; i < found.labels.suspects.size(); ++i) {
    const data::LabelSuspect& suspect = found.labels.suspects[i];
    const data::LabelField& field = found.fields[suspect.field];
    Json entry = place(found, suspect.row);
    entry["path"] = field.path;
    entry["given"] = field.values[static_cast<std::size_t>(suspect.given)];
    entry["suggested"] = field.values[static_cast<std::size_t>(suspect.suggested)];
    entry["given_score"] = suspect.given_score;
    entry["suggested_score"] = suspect.suggested_score;
    entry["model_prefers_suggested_nats"] =
        i < found.preferences.size() ? json_number(found.preferences[i]) : Json(nullptr);
    entry["neighbour"] = place(found, suspect.neighbour);
    entry["similarity"] = suspect.similarity;
    suspects.push_back(std::move(entry));
  }
  for (const Conflict& conflict : found.conflicts)
    conflicts.push_back({{"first", place(found, conflict.pair.first)},
                         {"second", place(found, conflict.pair.second)},
                         {"similarity", conflict.pair.similarity},
                         {"first_loss", json_number(conflict.first_loss)},
                         {"second_loss", json_number(conflict.second_loss)}});
  return {
      {"version", 1},
      {"rows", found.rows.candidates.size()},
      {"labels", std::move(fields)},
      {"suspects", std::move(suspects)},
      {"conflicts", std::move(conflicts)},
      {"enum_values", found.coverage ? data::to_json(*found.coverage) : Json(nullptr)},
      {"missing_enum_values", found.coverage ? Json(found.coverage->missing()) : Json(nullptr)}};
}

void print_suspects_page(const Suspects& found, std::int64_t show) {
  fmt::print("{} training rows\n\n", found.rows.candidates.size());
  print_labels(found, show);
  print_conflicts(found, show);
  if (found.coverage) fmt::print("\n{}", coverage_text(*found.coverage));
}

}  // namespace attune::cli
