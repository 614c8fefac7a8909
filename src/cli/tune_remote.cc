#include "cli/tune_remote.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/job_watch.h"
#include "client/result_csv.h"

namespace attune::cli {

namespace {

// What a stopped run needs to go on: the job that it had started.
Path job_note(const TuneOptions& options) { return Path(options.out) / "remote_job.json"; }

Result<std::string> noted_job(const TuneOptions& options, const client::Endpoint& endpoint) {
  ATTUNE_TRY(const Json note, read_json(job_note(options)));
  const bool whole = note.is_object() && note.value("job", Json()).is_string() &&
                     note.value("endpoint", Json()).is_string();
  if (whole && note["endpoint"] == endpoint.url.base()) return note["job"].get<std::string>();
  return bad_input({.where = job_note(options).string(),
                    .found = whole ? "a job at " + note["endpoint"].get<std::string>() : "no job",
                    .wanted = "a job at " + endpoint.url.base(),
                    .fix = "give the same --endpoint, or leave --resume out"});
}

// A training file in the form that the provider wants.
Result<Path> file_to_send(const TuneOptions& options, const char* name,
                          const client::ProviderRules& rules) {
  const Path plain = Path(options.out) / name;
  if (!rules.byte_order_mark) return plain;
  ATTUNE_TRY(const std::string text, read_file(plain));
  const Path marked = Path(options.out) / (std::string("marked_") + name);
  ATTUNE_TRY_VOID(write_file_atomic(marked, "\xEF\xBB\xBF" + text));
  return marked;
}

Result<void> check_rows(const PreparedRows& rows, const client::ProviderRules& rules,
                        const TuneOptions& options) {
  const std::int64_t count = std::ssize(rows.split.train);
  if (count >= rules.least_examples) return {};
  return bad_input({.where = options.data.file,
                    .found = fmt::format("{} training rows", count),
                    .wanted = fmt::format("at least {} at {}", rules.least_examples, rules.name),
                    .fix = "give more examples"});
}

Result<std::string> start_job(client::ApiClient& api, const PreparedRows& rows,
                              const TuneOptions& options) {
  ATTUNE_TRY(client::JobSettings settings, options.job.settings(api.rules()));
  settings.model = options.model.model;
  const auto send = [&](const char* name) -> Result<std::string> {
    ATTUNE_TRY(const Path path, file_to_send(options, name, api.rules()));
    return file_or_upload(api, path.string(), options.json);
  };
  ATTUNE_TRY(settings.training_file, send("train.jsonl"));
  if (!rows.split.validation.empty()) {
    ATTUNE_TRY(settings.validation_file, send("validation.jsonl"));
  }
  ATTUNE_TRY(const client::JobView job, api.create_job(settings));
  const Json note = {{"endpoint", api.endpoint().url.base()}, {"job", job.job.id}};
  ATTUNE_TRY_VOID(write_file_atomic(job_note(options), to_pretty_text(note)));
  if (!options.json) {
    fmt::print("job {} at {}; should this stop, run it again with --resume\n", job.job.id,
               api.endpoint().url.base());
  }
  return job.job.id;
}

std::vector<eval::CurvePoint> points(const std::vector<client::CurveValue>& curve) {
  std::vector<eval::CurvePoint> result;
  for (const client::CurveValue& value : curve) result.push_back({value.step, value.value});
  return result;
}

// From the events; where they carry no metrics, from the result file.
eval::TrainingRecord training_record(client::ApiClient& api, const WatchedJob& watched) {
  const wire::JobObject& job = watched.job.job;
  eval::TrainingRecord record;
  record.loss = points(watched.progress.loss());
  const auto& full = watched.progress.full_validation();
  record.validation_loss = points(full.empty() ? watched.progress.validation() : full);
  if (record.loss.empty()) {
    const auto content = api.result_content(watched.job);
    const auto table = content ? client::parse_result_csv(*content, "result file")
                               : Result<client::ResultTable>(client::ResultTable{});
    for (const client::ResultRow& row : table ? table->rows : std::vector<client::ResultRow>()) {
      if (row.train_loss) record.loss.push_back({row.step, *row.train_loss});
      const auto validation = row.full_valid_loss ? row.full_valid_loss : row.valid_loss;
      if (validation) record.validation_loss.push_back({row.step, *validation});
    }
  }
  record.facts["steps"] = record.loss.empty() ? watched.progress.step() : record.loss.back().step;
  if (job.finished_at) record.facts["seconds"] = *job.finished_at - job.created_at;
  if (job.trained_tokens) record.facts["tokens"] = *job.trained_tokens;
  if (const auto speed = watched.progress.tokens_per_second())
    record.facts["tokens_per_second"] = *speed;
  if (watched.job.raw.contains("hyperparameters"))
    record.facts["hyperparameters"] = watched.job.raw["hyperparameters"];
  return record;
}

Result<WatchedJob> follow(const client::Endpoint& endpoint, const std::string& id,
                          const TuneOptions& options) {
  ATTUNE_TRY(WatchedJob watched, watch_job(endpoint, id, {.quiet = options.json}));
  const wire::JobObject& job = watched.job.job;
  if (job.status == wire::JobStatus::succeeded && job.fine_tuned_model) return watched;
  const std::string why = job.error ? ": " + client::printable(job.error->message) : "";
  return environment_failure({.where = "job " + id,
                              .found = client::printable(watched.job.status_text) + why,
                              .wanted = "a job that succeeds",
                              .fix = "look at `attune jobs events " + id + "`"});
}

}  // namespace

Result<int> run_remote(const TuneOptions& options) {
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, options.data.load_contract());
  ATTUNE_TRY(const client::Endpoint endpoint, options.remote.resolve());
  const std::unique_ptr<client::ApiClient> api =
      client::make_client(endpoint, RemoteOptions::http());
  ATTUNE_TRY_VOID(options.job.settings(*endpoint.rules).map([](const auto&) {}));
  ATTUNE_TRY(const PreparedRows rows, prepare_rows(options, contract));
  ATTUNE_TRY_VOID(check_rows(rows, *endpoint.rules, options));
  ATTUNE_TRY(const std::string id,
             options.train.resume ? noted_job(options, endpoint) : start_job(*api, rows, options));
  ATTUNE_TRY(const WatchedJob watched, follow(endpoint, id, options));
  const std::string model = *watched.job.job.fine_tuned_model;
  if (!options.json) {
    fmt::print("model: {}\nanswering {} held-out rows\n", model, rows.split.test.size());
    if (!endpoint.rules->serving_note.empty() && options.answer_tuned.empty())
      fmt::print("note: {}\n", endpoint.rules->serving_note);
  }
  Evidence evidence;
  ATTUNE_TRY(
      evidence.arms,
      ask_arms(endpoint, options.answer_base.empty() ? options.model.model : options.answer_base,
               options.answer_tuned.empty() ? model : options.answer_tuned, rows, contract,
               options));
  evidence.training = training_record(*api, watched);
  evidence.model = {{"base", options.model.model},
                    {"tuned", model},
                    {"endpoint", endpoint.url.base()},
                    {"provider", endpoint.rules->name},
                    {"job", id}};
  evidence.next = fmt::format("use it: model \"{}\" at {}", model, endpoint.url.base());
  return conclude(rows, contract, evidence, options);
}

}  // namespace attune::cli
