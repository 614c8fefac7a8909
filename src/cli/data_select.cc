// attune data select: the rows that are worth training on, held against simple choices of as many
// trained tokens.
#include "cli/data_select.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "cli/data_commands.h"
#include "data/clusters.h"
#include "data/word_vectors.h"
#include "train/encode.h"

namespace attune::cli {

namespace {

constexpr std::int64_t kFoldedWidth = 1024;

std::optional<data::EnumCoverage> coverage_of(const CuratedRows& rows,
                                              const std::vector<std::int64_t>& chosen) {
  if (!rows.enums) return std::nullopt;
  std::vector<std::string> answers;
  for (const std::int64_t index : chosen)
    answers.push_back(rows.answers[static_cast<std::size_t>(index)]);
  return data::count_values(*rows.enums, answers);
}

// Tokens as training counts them, and what the model makes of each row; the vectors of the
// questions, each of length one.
Result<std::vector<float>> measure_candidates(const SelectCommand& options,
                                              const kernels::Context& context, Selected& selected,
                                              std::int64_t& width) {
  const CuratedRows& rows = selected.rows;
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(options.model.model));
  ATTUNE_TRY(const model::Model model, options.model.load());
  const train::EncodedRows encoded =
      train::encode_rows(format, rows.prepared.examples, rows.candidates);
  ATTUNE_TRY_VOID(encoded.check());
  const std::vector<train::DocumentUse> uses =
      train::measure_documents(encoded.documents, model.spec().max_positions);
  const bool states = options.vectors == "model";
  const std::vector<infer::RowMeasure> asked =
      measure_answers(context, model, format, rows, states, options.json);
  const std::vector<infer::RowMeasure> alone =
      measure_answers_alone(context, model, format, rows, options.json);
  for (std::size_t i = 0; i < rows.candidates.size(); ++i) {
    selected.candidates.push_back({.row = rows.candidates[i],
                                   .tokens = uses[i].tokens,
                                   .trained_tokens = uses[i].trained,
                                   .answer_tokens = asked[i].targets,
                                   .loss = asked[i].loss,
                                   .loss_alone = alone[i].loss});
  }
  if (!states) {
    width = kFoldedWidth;
    return data::folded_word_vectors(data::word_vectors(rows.questions), width);
  }
  width = model.spec().hidden;
  std::vector<float> vectors;
  for (const infer::RowMeasure& measure : asked) {
    vectors.insert(vectors.end(), measure.state.begin(), measure.state.end());
    vectors.resize(vectors.size() + (measure.state.empty() ? static_cast<std::size_t>(width) : 0));
  }
  infer::centre(vectors, width);
  return vectors;
}

Result<Selected> choose(const SelectCommand& options) {
  Selected selected;
  ATTUNE_TRY(selected.rows, read_rows_to_curate(options.data));
  const std::int64_t count = std::ssize(selected.rows.candidates);
  if (options.keep > count) {
    return bad_input({.where = "--keep",
                      .found = fmt::format("{}", options.keep),
                      .wanted = fmt::format("at most the {} rows to choose from", count),
                      .fix = "keep fewer, or give more rows"});
  }
  ATTUNE_TRY(const kernels::Context context, options.model.context());
  std::int64_t width = 0;
  ATTUNE_TRY(const std::vector<float> vectors,
             measure_candidates(options, context, selected, width));
  const data::Similarities similarities = [&](std::span<const std::int64_t> chosen,
                                              std::span<float> out) {
    infer::cosines(context, vectors, width, chosen, out);
  };
  const std::int64_t clusters =
      options.clusters > 0
          ? options.clusters
          : std::max<std::int64_t>(2, std::llround(std::sqrt(static_cast<double>(count))));
  const std::vector<std::int32_t> cluster =
      data::cluster_rows(vectors, width, clusters, options.seed);
  for (std::size_t i = 0; i < cluster.size(); ++i) selected.candidates[i].cluster = cluster[i];

  const data::SelectMethod method =
      data::select_method_from_name(options.method).value_or(data::SelectMethod::combined);
  const auto add = [&](std::string name, std::vector<std::int64_t> chosen) {
    selected.table.push_back(
        data::summarise(std::move(name), selected.candidates, std::move(chosen), similarities));
    std::optional<data::EnumCoverage> coverage =
        coverage_of(selected.rows, selected.table.back().chosen);
    if (coverage) selected.table.back().enum_values = coverage->covered();
    if (selected.table.size() == 1) selected.coverage = std::move(coverage);  // of the choice
  };
  selected.ranking =
      data::rank_candidates(selected.candidates, method, options.keep, similarities, options.seed);
  const std::vector<std::int64_t>& order = selected.ranking.order;
  add(options.method, {order.begin(), order.begin() + options.keep});
  const std::int64_t budget = selected.table.front().trained_tokens;
  for (const data::SelectMethod simple :
       {data::SelectMethod::random, data::SelectMethod::longest, data::SelectMethod::clusters}) {
    if (simple == method) continue;
    const data::Ranking other = data::rank_candidates(selected.candidates, simple, options.keep,
                                                      similarities, options.seed);
    add(std::string(data::select_method_name(simple)),
        data::within_budget(selected.candidates, other.order, budget));
  }
  std::vector<std::int64_t> all = order;
  std::sort(all.begin(), all.end());
  add("all rows", std::move(all));
  return selected;
}

Result<void> write_rows(const Selected& selected, std::vector<std::int64_t> chosen,
                        const Path& path) {
  std::sort(chosen.begin(), chosen.end());
  std::string text;
  for (const std::int64_t index : chosen)
    text += data::strict_row(selected.rows.example(static_cast<std::size_t>(index))) + "\n";
  return write_file_atomic(path, text);
}

// The chosen rows with the file's own validation and test rows, for attune tune.
Result<void> write_with_parts(const Selected& selected, const Path& path) {
  std::vector<bool> chosen(selected.rows.prepared.examples.size(), false);
  std::vector<bool> candidate(chosen.size(), false);
  for (const data::CandidateRow& known : selected.candidates)
    candidate[static_cast<std::size_t>(known.row)] = true;
  for (const std::int64_t index : selected.table.front().chosen)
    chosen[static_cast<std::size_t>(selected.candidates[static_cast<std::size_t>(index)].row)] =
        true;
  std::string text;
  for (std::size_t row = 0; row < chosen.size(); ++row) {
    if (candidate[row] && !chosen[row]) continue;
    const data::Example& example = selected.rows.prepared.examples[row];
    const std::string strict = data::strict_row(example);
    const std::optional<data::Part> part =
        candidate[row] ? data::Part::train : data::part_from_name(example.split);
    text += fmt::format("{},\"split\":\"{}\"}}\n", strict.substr(0, strict.size() - 1),
                        data::part_name(part.value_or(data::Part::train)));
  }
  return write_file_atomic(path, text);
}

Result<int> select(const SelectCommand& options) {
  ATTUNE_TRY(const Selected selected, choose(options));
  const Path out = options.out;
  ATTUNE_TRY_VOID(ensure_directory(out / "simple"));
  ATTUNE_TRY_VOID(write_rows(selected, selected.table.front().chosen, out / "train.jsonl"));
  for (std::size_t i = 1; i + 1 < selected.table.size(); ++i) {
    const data::SelectionSummary& simple = selected.table[i];
    ATTUNE_TRY_VOID(write_rows(selected, simple.chosen, out / "simple" / (simple.name + ".jsonl")));
  }
  if (selected.rows.candidates.size() < selected.rows.prepared.examples.size())
    ATTUNE_TRY_VOID(write_with_parts(selected, out / "data.jsonl"));
  const Json report = select_report(selected, options);
  if (selected.rows.prepared.synthetic.size() > 0)
    ATTUNE_TRY_VOID(selected.rows.prepared.synthetic.write(out / data::kSyntheticName));
  ATTUNE_TRY_VOID(write_file_atomic(out / "select_report.json", to_pretty_text(report)));
  if (options.json) {
    fmt::print("{}\n", to_text(report));
  } else {
    print_select_page(selected, options);
  }
  return 0;
}

}  // namespace

void add_data_select(CLI::App& group, Body& selected) {
  auto o = std::make_shared<SelectCommand>();
  CLI::App* c = group.add_subcommand(
      "select", "The rows that are worth training on, beside simple choices of as many tokens");
  o->data.declare(*c);
  o->model.declare(*c, false);
  c->add_option("--keep", o->keep, "How many rows to keep")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  c->add_option("--method", o->method,
                "combined, ifd, perplexity, diversity, random, longest or clusters "
                "(docs/curation.md)")
      ->check([](const std::string& name) {
        return data::select_method_from_name(name)
                   ? std::string()
                   : std::string(
                         "wanted combined, ifd, perplexity, diversity, random, longest or "
                         "clusters");
      })
      ->capture_default_str();
  c->add_option("--out", o->out, "Folder for train.jsonl and select_report.json")->required();
  c->add_option("--vectors", o->vectors,
                "What questions are compared by: the model's states, or their words")
      ->check(CLI::IsMember({"model", "words"}))
      ->capture_default_str();
  c->add_option("--clusters", o->clusters, "Groups of questions; the root of the rows otherwise")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  c->add_option("--seed", o->seed, "Seed of the random choices")->capture_default_str();
  c->add_flag("--json", o->json, "Print the report as one JSON object");
  c->callback([o, &selected] { selected = [o] { return select(*o); }; });
}

}  // namespace attune::cli
