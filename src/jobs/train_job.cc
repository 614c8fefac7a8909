// Training a job from its claim to its end; read train_job() at the bottom first.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "jobs/hyperparameters.h"
#include "jobs/job_run.h"
#include "jobs/result_csv.h"
#include "jobs/run_folder.h"
#include "jobs/step_reporter.h"
#include "jobs/training_rows.h"
#include "train/trainer.h"
#include "wire/ids.h"

namespace attune::jobs {

namespace {

// The model that a job starts from: a base, or an earlier job's adapter on its base.
struct Origin {
  BaseModel base;
  std::optional<Path> adapter = {};
};

Result<Origin> find_origin(const JobRun& run) {
  ATTUNE_TRY(const BaseModels bases, BaseModels::find(run.home.models(), run.options.models));
  std::string base_name = run.row.job.model;
  Origin origin;
  ATTUNE_TRY(const std::optional<ModelRow> tuned, run.store.find_model(run.row.tenant, base_name));
  if (tuned && !tuned->adapter.empty()) {
    base_name = tuned->base;
    origin.adapter = tuned->adapter;
  }
  const BaseModel* base = bases.get(base_name);
  if (base == nullptr) {
    return bad_input({.where = "model",
                      .found = fmt::format("no model \"{}\" on this machine", base_name),
                      .wanted = "a base below " + run.home.models().string() + " or given to serve",
                      .fix = "add the base model again, then create the job again"});
  }
  origin.base = *base;
  return origin;
}

// Both files in tokens. Nothing when the job has failed because rows can't be encoded.
struct JobData {
  TrainingRows train, validation;
};

wire::TrainingFileReport report_of(const TrainingRows& rows) {
  wire::TrainingFileReport report;
  report.examples = rows.examples;
  for (const train::EncodedRows::Fault& fault : rows.encoded.faults) {
    ++report.fault_count;
    ++report.faulty_lines;
    ++report.faults_of_kind["chat_template"];
    if (report.faults.size() < wire::kMostFaultsKept) {
      report.faults.push_back({.line = fault.line,
                               .kind = "chat_template",
                               .message = fault.error.message(),
                               .path = "messages"});
    }
  }
  return report;
}

Result<bool> encodes(JobRun& run, const TrainingRows& rows, const std::string& param) {
  if (rows.encoded.faults.empty()) return true;
  const wire::TrainingFileReport report = report_of(rows);
  wire::JobError error{
      .code = "invalid_training_file",
      .message = fmt::format("The job failed due to an invalid training file. {} of {} examples "
                             "can't be rendered by the model's chat template. {}",
                             report.fault_count, report.examples, report.faults.front().message),
      .param = param};
  ATTUNE_TRY_VOID(fail_file(run, std::move(error), report));
  return false;
}

Result<std::optional<JobData>> read_data(JobRun& run, const text::ChatFormat& format) {
  JobData data;
  const wire::JobObject& job = run.row.job;
  ATTUNE_TRY(data.train, read_training_rows(run.blobs.path(run.row.training_digest),
                                            job.training_file, format, run.date()));
  if (job.validation_file) {
    ATTUNE_TRY(data.validation, read_training_rows(run.blobs.path(run.row.validation_digest),
                                                   *job.validation_file, format, run.date(), 0));
  }
  ATTUNE_TRY(const bool train_encodes, encodes(run, data.train, "training_file"));
  if (!train_encodes) return std::optional<JobData>();
  ATTUNE_TRY(const bool validation_encodes, encodes(run, data.validation, "validation_file"));
  if (!validation_encodes) return std::optional<JobData>();
  return std::optional(std::move(data));
}

// A job that began on one instruction set goes on with it: its checkpoints are bits of that one.
Result<Isa> pick_isa_of(JobRun& run) {
  const Json begun_with = run.notes().value("isa", Json());
  if (begun_with.is_string() && std::getenv("ATTUNE_ISA") == nullptr) {
    ::setenv("ATTUNE_ISA", begun_with.get<std::string>().c_str(), 0);
  }
  Result<Isa> isa = pick_isa();
  // Another machine may have it.
  if (!isa && begun_with.is_string()) isa.error().kind = ErrorKind::environment;
  return isa;
}

// The same holds for the form of its base. Jobs begun before bases had a choice note none: bf16.
model::Precision precision_of(JobRun& run) {
  if (!run.notes().contains("isa")) return run.options.precision;
  const auto begun_with = model::precision_named(run.notes().value("dtype", std::string("bf16")));
  return begun_with.value_or(run.options.precision);
}

train::TrainOptions options_for(const train::Recipe& recipe, const RunFolder& folder,
                                const JobData& data, const model::ArchSpec& spec) {
  train::TrainOptions options = recipe.train;
  options.folder = folder.training();
  options.resume = true;
  options.checkpoint_every = 0;  // the reporter says when, so that events come first
  options.checkpoint_seconds = 0;
  // Rows are cut at the model's context, not at the usual micro-batch.
  std::int64_t longest = options.tokens_per_batch;
  for (const auto* rows : {&data.train, &data.validation}) {
    for (const train::Document& document : rows->encoded.documents) {
      longest = std::max(longest, std::ssize(document.tokens));
    }
  }
  if (spec.max_positions > 0) longest = std::min(longest, spec.max_positions);
  options.tokens_per_batch = std::max(options.tokens_per_batch, longest);
  if (options.context > 0) options.context = std::min(options.context, options.tokens_per_batch);
  if (spec.max_positions > 0) options.context = std::min(options.context, spec.max_positions);
  return options;
}

// What the job shows from the start of training: the resolved numbers, and a first estimate.
Result<void> tell_start(JobRun& run, const wire::Hyperparameters& resolved, train::Trainer& trainer,
                        Isa isa, model::Precision precision) {
  Transition change;
  change.hyperparameters = resolved;
  Json& notes = run.notes();
  if (!notes.contains("isa")) {
    notes["isa"] = std::string(isa_name(isa));
    notes["dtype"] = std::string(model::precision_name(precision));
    notes["steps"] = trainer.setup().plan.steps();
    const train::TrainEstimate estimate = trainer.estimate(0.1);
    notes["estimated_bytes"] = estimate.total_bytes;
    change.estimated_finish = static_cast<std::int64_t>(std::time(nullptr)) +
                              static_cast<std::int64_t>(estimate.total_seconds);
    if (estimate.available_bytes > 0 && estimate.total_bytes > estimate.available_bytes) {
      constexpr std::int64_t kMebibyte = 1 << 20;
      change.events.push_back(warning_event(
          fmt::format("This job needs about {} MiB of memory; {} MiB are free",
                      estimate.total_bytes / kMebibyte, estimate.available_bytes / kMebibyte),
          "memory"));
    }
  }
  change.private_data = notes;
  return run.link.record(change).map([](Recorded) {});
}

Result<void> finish(JobRun& run, const RunFolder& folder, const PublishSource& source,
                    const train::TrainOutcome& outcome) {
  const wire::JobObject& job = run.row.job;
  const std::string name = tuned_model_name(source.base, run.row.tenant.organization,
                                            job.user_provided_suffix.value_or(""), job.id);
  ATTUNE_TRY(Published published, publish(run, source, name, "final"));
  if (published.mismatch) {
    return fail_job(run, {.code = "train_serve_mismatch", .message = published.mismatch->message},
                    published.mismatch->details);
  }
  ATTUNE_TRY(const std::vector<StepMetrics> metrics, read_metrics(folder.metrics()));
  ATTUNE_TRY(const StoredResult result,
             store_result(run.blobs, "step_metrics.csv", result_csv(metrics)));
  Transition change;
  change.to = JobStatus::succeeded;
  change.fine_tuned_model = name;
  change.trained_tokens = outcome.tokens;
  change.result_files = std::vector{result.row.file.id};
  change.files = {result.row};
  change.models = {std::move(published.model)};
  change.events = {
      info_event(fmt::format("New fine-tuned model created: {}", name), "model"),
      info_event(fmt::format("Completed results file: {}", result.row.file.id), "results"),
      info_event("The job has successfully completed", "completed")};
  return conclude(run, change).map([](Recorded) {});
}

// The training itself, everything loaded.
Result<void> run_training(JobRun& run, const RunFolder& folder, const PublishSource& source,
                          train::Trainer& trainer, const JobData& data) {
  const train::TrainSetup& setup = trainer.setup();
  StepReporter reporter(
      run, folder, source, setup.plan,
      ValidationSample(data.validation.encoded.documents, setup.options.context,
                       std::min<std::int64_t>(16, setup.options.documents_per_step)));
  const train::TrainCallbacks callbacks{
      .step = [&](const train::StepProgress& step) { return reporter.after(step); },
      .note =
          [&](const std::string& note) {
            Transition change;
            change.events = {info_event(note)};
            (void)run.link.record(change);
          }};
  const Result<train::TrainOutcome> outcome = trainer.run(callbacks);
  ATTUNE_TRY_VOID(reporter.problem());
  if (!outcome) return Failure(outcome.error());
  if (reporter.has_failed()) return {};
  if (outcome->interrupted || !run.link.may_run()) return let_go(run);
  return finish(run, folder, source, *outcome);
}

}  // namespace

Result<void> train_job(JobRun& run) {
  ATTUNE_TRY(const RunFolder folder,
             RunFolder::open(run.home.runs() / run.id(), [&] { return run.link.may_run(); }));
  ATTUNE_TRY(const Origin origin, find_origin(run));
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(origin.base.folder));
  ATTUNE_TRY(const std::optional<JobData> data, read_data(run, format));
  if (!data) return {};
  ATTUNE_TRY(const std::optional<Mismatch> mismatch,
             compare_tokens(format, data->train.samples, run.date()));
  if (mismatch) {
    return fail_job(run, {.code = "train_serve_mismatch", .message = mismatch->message},
                    mismatch->details);
  }

  const wire::Hyperparameters resolved =
      resolve(run.row.job.hyperparameters, std::ssize(data->train.encoded.documents));
  const train::Recipe recipe = recipe_for(resolved, run.row.job.seed);
  ATTUNE_TRY(model::Model model, model::Model::load(origin.base.folder, precision_of(run)));
  if (origin.adapter) {
    ATTUNE_TRY_VOID(model.load_adapter(*origin.adapter));
  } else {
    ATTUNE_TRY_VOID(model.add_lora(recipe.lora, recipe.train.seed));
  }
  ATTUNE_TRY(const Isa isa, pick_isa_of(run));
  const kernels::Context kernels(isa, run.options.threads);
  ATTUNE_TRY(train::Trainer trainer,
             train::Trainer::create(kernels, model,
                                    {.train = data->train.encoded.documents,
                                     .validation = data->validation.encoded.documents,
                                     .plan = {}},
                                    options_for(recipe, folder, *data, model.spec())));
  ATTUNE_TRY_VOID(tell_start(run, resolved, trainer, isa, model.precision()));
  if (!run.link.may_run()) return let_go(run);
  const PublishSource source{.kernels = kernels,
                             .model = model,
                             .documents = data->train.encoded.documents,
                             .context = trainer.setup().options.context,
                             .base = origin.base.name,
                             .base_folder = origin.base.folder};
  return run_training(run, folder, source, trainer, *data);
}

}  // namespace attune::jobs
