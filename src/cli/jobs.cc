// attune jobs: fine-tuning jobs of an endpoint.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/job_options.h"
#include "cli/job_watch.h"
#include "cli/remote_options.h"
#include "client/event_feed.h"
#include "client/result_csv.h"

namespace attune::cli {

namespace {

using client::printable;

struct JobCommand {
  RemoteOptions remote;
  JobOptions create;
  WatchOptions watch;
  std::string id, after, out;
  std::vector<std::string> metadata;
  std::int64_t limit = 20;
  bool json = false, follow = false, then_watch = false;
};

std::string number_or_auto(const auto& setting) {
  return setting.value ? fmt::format("{}", *setting.value) : "auto";
}

void print_job(const client::JobView& view) {
  const wire::JobObject& job = view.job;
  std::vector<std::vector<std::string>> rows = {
      {"id", job.id},
      {"status", printable(view.status_text)},
      {"model", printable(job.model)},
      {"tuned model", printable(job.fine_tuned_model.value_or("-"))},
      {"created", time_text(job.created_at)},
      {"finished", time_text(job.finished_at.value_or(0))},
      {"training file", job.training_file},
      {"validation file", job.validation_file.value_or("-")}};
  rows.push_back({"epochs", number_or_auto(job.hyperparameters.n_epochs)});
  rows.push_back({"batch size", number_or_auto(job.hyperparameters.batch_size)});
  if (job.hyperparameters.learning_rate) {
    rows.push_back({"learning rate", fmt::format("{}", *job.hyperparameters.learning_rate)});
  } else {
    rows.push_back(
        {"learning rate multiplier", number_or_auto(job.hyperparameters.learning_rate_multiplier)});
  }
  if (job.trained_tokens)
    rows.push_back({"trained tokens", fmt::format("{}", *job.trained_tokens)});
  for (const std::string& file : job.result_files) rows.push_back({"result file", file});
  if (job.error) {
    rows.push_back({"error", printable(job.error->message)});
    rows.push_back({"error code", printable(job.error->code)});
  }
  fmt::print("{}", text_table(rows));
}

void show_or_json(const client::JobView& job, bool json) {
  if (json) {
    fmt::print("{}\n", to_text(job.raw));
  } else {
    print_job(job);
  }
}

Result<int> watch(const JobCommand& o) {
  ATTUNE_TRY(const client::Endpoint endpoint, o.remote.resolve());
  WatchOptions options = o.watch;
  options.quiet = o.json;
  ATTUNE_TRY(const WatchedJob watched, watch_job(endpoint, o.id, options));
  if (o.json) {
    fmt::print("{}\n", to_text(watched.job.raw));
    return watched.job.job.status == wire::JobStatus::succeeded ? 0 : 4;
  }
  return conclude_watch(watched.job);
}

Result<int> create(const JobCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(client::JobSettings settings, o.create.settings(api->rules()));
  ATTUNE_TRY(settings.training_file, file_or_upload(*api, o.create.training_file, o.json));
  ATTUNE_TRY(settings.validation_file, file_or_upload(*api, o.create.validation_file, o.json));
  ATTUNE_TRY(const client::JobView job, api->create_job(settings));
  if (!o.then_watch) {
    show_or_json(job, o.json);
    if (!o.json) fmt::print("follow it: attune jobs watch {}\n", job.job.id);
    return 0;
  }
  if (!o.json) fmt::print("created {}\n", job.job.id);
  JobCommand watching = o;
  watching.id = job.job.id;
  return watch(watching);
}

Result<int> list(const JobCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  client::ListQuery query{.after = o.after, .limit = o.limit};
  ATTUNE_TRY(const auto metadata, parse_metadata(o.metadata));
  for (const auto& [key, value] : metadata)
    query.filters.emplace_back("metadata[" + key + "]", value);
  ATTUNE_TRY(const auto page, api->jobs(query));
  if (o.json) {
    fmt::print("{}\n", to_text(page.raw));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"ID", "STATUS", "CREATED", "MODEL", "TUNED MODEL"}};
  for (const auto& [job, raw] : page.items) {
    rows.push_back({job.id, std::string(wire::to_text(job.status)), time_text(job.created_at),
                    printable(job.model), printable(job.fine_tuned_model.value_or("-"))});
  }
  fmt::print("{}", text_table(rows));
  if (page.has_more) fmt::print("more: --after {}\n", page.items.back().value.id);
  return 0;
}

Result<int> show(const JobCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const client::JobView job, api->job(o.id));
  show_or_json(job, o.json);
  return 0;
}

template <auto Action>
Result<int> act(const JobCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const client::JobView job, ((*api).*Action)(o.id));
  if (o.json) {
    fmt::print("{}\n", to_text(job.raw));
  } else {
    fmt::print("{} is {}\n", job.job.id, printable(job.status_text));
  }
  return 0;
}

Result<int> events(const JobCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const auto page, api->events(o.id, {.after = o.after, .limit = o.limit}));
  if (o.json) {
    fmt::print("{}\n", to_text(page.raw));
    return 0;
  }
  for (auto event = page.items.rbegin(); event != page.items.rend(); ++event)
    fmt::print("{}\n", client::event_line(event->value));
  if (page.has_more) fmt::print("older: --after {}\n", page.items.back().value.id);
  return 0;
}

std::string cell(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "-";
}

Result<int> checkpoints(const JobCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const auto page, api->checkpoints(o.id, {.after = o.after, .limit = o.limit}));
  if (o.json) {
    fmt::print("{}\n", to_text(page.raw));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"STEP", "MODEL", "TRAIN LOSS", "FULL VALID LOSS", "FULL VALID ACCURACY", "CREATED"}};
  for (const auto& [checkpoint, raw] : page.items) {
    rows.push_back({fmt::format("{}", checkpoint.step_number),
                    printable(checkpoint.fine_tuned_model_checkpoint),
                    cell(checkpoint.metrics.train_loss), cell(checkpoint.metrics.full_valid_loss),
                    cell(checkpoint.metrics.full_valid_mean_token_accuracy),
                    time_text(checkpoint.created_at)});
  }
  fmt::print("{}", text_table(rows));
  return 0;
}

Json row_json(const client::ResultRow& row) {
  Json json = {{"step", row.step}};
  const auto put = [&json](const char* name, const std::optional<double>& value) {
    if (value) json[name] = *value;
  };
  put("train_loss", row.train_loss);
  put("train_accuracy", row.train_accuracy);
  put("valid_loss", row.valid_loss);
  put("valid_accuracy", row.valid_accuracy);
  put("full_valid_loss", row.full_valid_loss);
  put("full_valid_accuracy", row.full_valid_accuracy);
  return json;
}

Result<int> result(const JobCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const client::JobView job, api->job(o.id));
  ATTUNE_TRY(const std::string content, api->result_content(job));
  ATTUNE_TRY(const client::ResultTable table,
             client::parse_result_csv(content, "result file of " + o.id));
  if (!o.out.empty()) ATTUNE_TRY_VOID(write_file_atomic(o.out, table.csv));
  if (o.json) {
    Json rows = Json::array();
    for (const client::ResultRow& row : table.rows) rows.push_back(row_json(row));
    fmt::print("{}\n", to_text(Json{{"rows", rows}}));
  } else if (o.out.empty()) {
    fmt::print("{}", table.csv);
  }
  return 0;
}

}  // namespace

void add_jobs(CLI::App& app, Body& selected) {
  auto o = std::make_shared<JobCommand>();
  CLI::App* jobs = app.add_subcommand("jobs", "Fine-tuning jobs of an endpoint");
  jobs->require_subcommand(1);
  const auto add = [&](const char* name, const char* words, bool needs_id,
                       Result<int> (*body)(const JobCommand&)) {
    CLI::App* c = jobs->add_subcommand(name, words);
    if (needs_id) c->add_option("id", o->id, "Id of the job")->required();
    o->remote.declare(*c);
    c->add_flag("--json", o->json, "Print the answer as it came");
    c->callback([o, &selected, body] { selected = [o, body] { return body(*o); }; });
    return c;
  };
  const auto add_page = [&](CLI::App* c) {
    c->add_option("--limit", o->limit, "Most entries")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    c->add_option("--after", o->after, "Go on after this id");
  };
  const auto add_patience = [&](CLI::App* c) {
    c->add_option("--give-up-after", o->watch.give_up_minutes,
                  "Minutes without any answer after which watching ends")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    c->add_option("--poll", o->watch.poll_seconds, "Seconds between two questions")
        ->check(CLI::Range(0.05, 3600.0))
        ->capture_default_str();
  };
  CLI::App* c =
      add("create", "Start a job; files that are on this machine are sent first", false, create);
  o->create.declare(*c, true);
  c->add_flag("--watch", o->then_watch, "Follow the job until it ends");
  add_patience(c);
  c = add("list", "List jobs, newest first", false, list);
  add_page(c);
  c->add_option("--metadata", o->metadata, "Only jobs with this KEY=VALUE");
  add("show", "Show one job", true, show);
  add_page(add("events", "What happened in a job, the newest at the end", true, events));
  add_patience(add("watch", "Follow a job until it ends", true, watch));
  add("cancel", "Cancel a job", true, act<&client::ApiClient::cancel_job>);
  add("pause", "Pause a job", true, act<&client::ApiClient::pause_job>);
  add("resume", "Resume a paused job", true, act<&client::ApiClient::resume_job>);
  add_page(add("checkpoints", "Checkpoints of a job, each a model", true, checkpoints));
  add("result", "Metrics of a finished job as CSV", true, result)
      ->add_option("--out", o->out, "Write the CSV there");
}

}  // namespace attune::cli
