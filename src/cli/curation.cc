#include "cli/curation.h"

#include <fmt/format.h>

#include "cli/progress.h"
#include "data/example_texts.h"
#include "data/split.h"

namespace attune::cli {

namespace {

std::vector<infer::RowMeasure> measure(const kernels::Context& context, const model::Model& model,
                                       std::vector<text::EncodedChat> chats, bool states,
                                       const char* what, bool quiet) {
  infer::MeasureOptions options;
  options.states = states;
  options.use_adapter = model.has_adapter();
  StatusLine line(!quiet);
  options.progress = [&](std::int64_t done, std::int64_t all) {
    line.show(fmt::format("{}: {} of {} tokens", what, done, all));
  };
  return infer::measure_rows(context, model, chats, options);
}

}  // namespace

Result<CuratedRows> read_rows_to_curate(const DataOptions& options) {
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, options.load_contract());
  data::PrepareOptions preparing = options.prepare_options(contract);
  preparing.read.supervised_only = true;
  ATTUNE_TRY(preparing.synthetic, options.load_marks());
  CuratedRows rows;
  ATTUNE_TRY(rows.prepared, data::prepare(options.file, preparing));
  if (contract && !contract->is_for_text()) rows.enums = data::enum_fields(contract->document());
  const data::ExampleTexts texts = data::example_texts(rows.prepared.examples);
  for (std::int64_t row = 0; row < std::ssize(rows.prepared.examples); ++row) {
    const data::Example& example = rows.prepared.examples[static_cast<std::size_t>(row)];
    if (!example.split.empty()) {
      const std::optional<data::Part> part = data::part_from_name(example.split);
      if (!part) {
        return bad_input({.where = example.where(),
                          .found = fmt::format("the part \"{}\"", example.split),
                          .wanted = "train, validation or test",
                          .fix = "correct it, or leave the column out of --map"});
      }
      if (*part != data::Part::train) continue;
    }
    rows.candidates.push_back(row);
    rows.answers.push_back(data::answer_text(example));
    rows.questions.push_back(texts.asked(row));
  }
  if (rows.candidates.empty()) {
    return bad_input({.where = options.file,
                      .found = "no row of the training part",
                      .wanted = "rows to choose from",
                      .fix = "check the column that names the parts"});
  }
  return rows;
}

std::vector<infer::RowMeasure> measure_answers(const kernels::Context& context,
                                               const model::Model& model,
                                               const text::ChatFormat& format,
                                               const CuratedRows& rows, bool states, bool quiet) {
  std::vector<text::EncodedChat> chats;
  for (std::size_t i = 0; i < rows.candidates.size(); ++i) {
    const data::Example& example = rows.example(i);
    chats.push_back(infer::encode_last_answer(format, example.messages, example.tools)
                        .value_or(text::EncodedChat()));
  }
  return measure(context, model, std::move(chats), states, "reading rows", quiet);
}

std::vector<infer::RowMeasure> measure_answers_alone(const kernels::Context& context,
                                                     const model::Model& model,
                                                     const text::ChatFormat& format,
                                                     const CuratedRows& rows, bool quiet) {
  std::vector<text::EncodedChat> chats;
  for (std::size_t i = 0; i < rows.candidates.size(); ++i)
    chats.push_back(
        infer::encode_answer_alone(format, rows.example(i).messages).value_or(text::EncodedChat()));
  return measure(context, model, std::move(chats), false, "reading answers alone", quiet);
}

std::string coverage_text(const data::EnumCoverage& coverage) {
  std::string text = fmt::format("values of the contract: {} of {} occur\n", coverage.covered(),
                                 coverage.counts.size());
  std::string path;
  for (const data::EnumCount& count : coverage.counts) {
    if (count.path != path || text.empty())
      text += fmt::format("{}  {}:", path.empty() ? "" : "\n", count.path);
    path = count.path;
    text += fmt::format(" {} {}{}", to_text(count.value), count.count,
                        count.count == 0 ? " (missing)" : "");
  }
  return text + "\n";
}

}  // namespace attune::cli
