// attune data suspects: answers that look like mistakes of those who labelled, each beside a row
// that says otherwise, and which values of the contract no row teaches.
#include "cli/data_suspects.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "cli/data_commands.h"
#include "data/near_duplicates.h"

namespace attune::cli {

namespace {

constexpr std::size_t kMostWeighed = 500;  // suspects that the model is asked about

struct SuspectsCommand {
  DataOptions data;
  ModelOptions model;
  data::SuspectOptions labels;
  double question_threshold = 0.8;
  std::int64_t show = 20;
  bool json = false;
};

// The answer's messages with one label set to another value.
Json with_label(const Json& messages, const Json& answer, const std::string& path,
                const std::string& value) {
  Json changed = answer;
  changed[Json::json_pointer(path)] = parse_json(value, "label").value_or(Json(value));
  Json result = messages;
  result.back()["content"] = to_text(changed);
  return result;
}

// Both wordings are written anew, so that spaces do not count.
std::vector<text::EncodedChat> both_wordings(const text::ChatFormat& format, const Suspects& found,
                                             const data::LabelSuspect& suspect) {
  const data::LabelField& field = found.fields[suspect.field];
  const data::Example& example = found.rows.example(static_cast<std::size_t>(suspect.row));
  Json as_is = example.messages, other = example.messages;
  if (field.path.empty()) {
    other.back()["content"] = field.values[static_cast<std::size_t>(suspect.suggested)];
  } else {
    const Result<Json> answer =
        parse_json(found.rows.answers[static_cast<std::size_t>(suspect.row)], "answer");
    if (!answer) return {};
    as_is.back()["content"] = to_text(*answer);
    other = with_label(example.messages, *answer, field.path,
                       field.values[static_cast<std::size_t>(suspect.suggested)]);
  }
  std::vector<text::EncodedChat> chats;
  for (const Json* messages : {&as_is, &other}) {
    Result<text::EncodedChat> chat = infer::encode_last_answer(format, *messages, example.tools);
    if (!chat) return {};
    chats.push_back(std::move(*chat));
  }
  return chats;
}

void weigh_labels(const kernels::Context& context, const model::Model& model,
                  const text::ChatFormat& format, Suspects& found) {
  std::vector<text::EncodedChat> chats;
  std::vector<std::size_t> owners;
  found.preferences.resize(found.labels.suspects.size());
  for (std::size_t i = 0; i < std::min(kMostWeighed, found.labels.suspects.size()); ++i) {
    for (text::EncodedChat& chat : both_wordings(format, found, found.labels.suspects[i])) {
      chats.push_back(std::move(chat));
      owners.push_back(i);
    }
  }
  infer::MeasureOptions options;
  options.use_adapter = model.has_adapter();
  const std::vector<infer::RowMeasure> measures =
      infer::measure_rows(context, model, chats, options);
  const auto whole = [](const infer::RowMeasure& measure) {
    return measure.loss.value_or(0) * static_cast<double>(measure.targets);
  };
  for (std::size_t i = 0; i + 1 < measures.size(); i += 2)
    found.preferences[owners[i]] = whole(measures[i]) - whole(measures[i + 1]);
}

std::vector<Conflict> find_conflicts(const CuratedRows& rows, double threshold, ThreadPool& pool) {
  std::vector<std::string> answers;
  for (std::size_t i = 0; i < rows.answers.size(); ++i) {
    const Result<Json> parsed = parse_json(rows.answers[i], "answer");
    answers.push_back(parsed ? to_text(*parsed) : rows.answers[i]);
  }
  data::NearOptions near;
  near.threshold = threshold;
  near.every_pair = true;
  near.accept = [&](std::int64_t a, std::int64_t b) {
    return answers[static_cast<std::size_t>(a)] != answers[static_cast<std::size_t>(b)];
  };
  std::vector<Conflict> conflicts;
  for (const data::NearPair& pair : data::near_pairs(rows.questions, near, pool))
    conflicts.push_back({.pair = pair, .first_loss = {}, .second_loss = {}});
  return conflicts;
}

Result<void> ask_model(const SuspectsCommand& options, Suspects& found) {
  ModelOptions asked = options.model;
  ATTUNE_TRY_VOID(asked.find_base());
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(asked.model));
  ATTUNE_TRY(const model::Model model, asked.load());
  ATTUNE_TRY(const kernels::Context context, asked.context());
  weigh_labels(context, model, format, found);
  if (found.conflicts.empty()) return {};
  const std::vector<infer::RowMeasure> measures =
      measure_answers(context, model, format, found.rows, false, options.json);
  for (Conflict& conflict : found.conflicts) {
    conflict.first_loss = measures[static_cast<std::size_t>(conflict.pair.first)].loss;
    conflict.second_loss = measures[static_cast<std::size_t>(conflict.pair.second)].loss;
  }
  std::stable_sort(
      found.conflicts.begin(), found.conflicts.end(),
      [](const Conflict& a, const Conflict& b) { return a.difference() > b.difference(); });
  return {};
}

Result<Suspects> find(const SuspectsCommand& options) {
  Suspects found;
  ATTUNE_TRY(found.rows, read_rows_to_curate(options.data));
  ThreadPool pool(options.model.threads);
  found.fields = data::label_fields(found.rows.answers);
  found.labels =
      data::find_label_suspects(found.rows.questions, found.fields, options.labels, pool);
  found.conflicts = find_conflicts(found.rows, options.question_threshold, pool);
  if (found.rows.enums) found.coverage = data::count_values(*found.rows.enums, found.rows.answers);
  if (!options.model.model.empty() || !options.model.adapter.empty())
    ATTUNE_TRY_VOID(ask_model(options, found));
  return found;
}

Result<int> suspects(const SuspectsCommand& options) {
  ATTUNE_TRY(const Suspects found, find(options));
  if (options.json) {
    fmt::print("{}\n", to_text(suspects_report(found)));
    return 0;
  }
  print_suspects_page(found, options.show);
  return 0;
}

}  // namespace

void add_data_suspects(CLI::App& group, Body& selected) {
  auto o = std::make_shared<SuspectsCommand>();
  CLI::App* c = group.add_subcommand(
      "suspects", "Answers that look mislabelled, and values of the contract that no row teaches");
  o->data.declare(*c);
  c->add_option("--model", o->model.model,
                "Base that also says which of two labels or answers it finds likelier");
  c->add_option("--adapter", o->model.adapter, "Adapter for it: one trained on rows like these");
  c->add_option("--threads", o->model.threads, "Threads; 0: one a core")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  c->add_option("--question-threshold", o->question_threshold,
                "How alike two questions are to count as one, 0.5 to 1")
      ->check(CLI::Range(0.5, 1.0))
      ->capture_default_str();
  c->add_option("--show", o->show, "How many of each kind to show")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  c->add_flag("--json", o->json, "Print all of them as one JSON object");
  c->callback([o, &selected] { selected = [o] { return suspects(*o); }; });
}

}  // namespace attune::cli
