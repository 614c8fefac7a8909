// Sources: together-python eba5e5f (2025-12-23), src/together/types/finetune.py, files.py and
// resources/finetune.py; docs.together.ai/reference/upload-file (read 2026-11-24).
#include "client/together_client.h"

#include <algorithm>
#include <cctype>

#include "client/open_ai_client.h"
#include "client/read_objects.h"

namespace attune::client {

namespace {

const std::string kJobs = "/fine-tunes";

std::string below(const std::string& collection, const std::string& id) {
  return collection + "/" + encode_segment(id);
}

Json own_or_null(const Json& raw, const char* key) {
  return raw.is_object() ? raw.value(key, Json()) : Json();
}

// {"Processed": bool} stands for the status of a file.
Json file_json(Json raw) {
  if (!raw.is_object()) return raw;
  const Json processed = own_or_null(raw, "Processed");
  if (processed.is_boolean() && !raw.contains("status"))
    raw["status"] = processed.get<bool>() ? "processed" : "uploaded";
  return tidy_file(std::move(raw));
}

Json job_json(const Json& raw) {
  Json job = raw;
  // "model_output_name" is promised from the beginning; the model exists once the job is done.
  const Json status = own_or_null(raw, "status");
  if (status == "completed") job["fine_tuned_model"] = own_or_null(raw, "model_output_name");
  job["validation_file"] =
      own_or_null(raw, "validation_file") == "" ? Json() : own_or_null(raw, "validation_file");
  job["hyperparameters"] = {{"n_epochs", own_or_null(raw, "n_epochs")},
                            {"batch_size", own_or_null(raw, "batch_size")},
                            {"learning_rate", own_or_null(raw, "learning_rate")}};
  job["trained_tokens"] = status == "completed" ? own_or_null(raw, "token_count") : Json();
  if (status_of_word(status.is_string() ? status.get<std::string>() : "") ==
      wire::JobStatus::succeeded) {
    job["finished_at"] = own_or_null(raw, "updated_at");
  }
  return job;
}

Reply<JobView> read_own_job(const Json& raw, const std::string& where) {
  if (!raw.is_object()) return read_job(raw, where);
  return read_job(job_json(raw), where).map([&](JobView view) {
    const auto count = [&](const char* key) -> std::optional<std::int64_t> {
      const Json value = own_or_null(raw, key);
      if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return std::nullopt;
      return value.get<std::int64_t>();
    };
    view.steps_done = count("steps_completed");
    view.steps_all = count("total_steps");
    view.raw = raw;
    return view;
  });
}

// {"level": "Info", "type": "JOB_START", "created_at": "2023-...", "hash": "..."}, no id.
Json event_json(Json raw) {
  const std::string type = raw.value("type", Json("")).is_string() ? raw.value("type", "") : "";
  const Json hash = own_or_null(raw, "hash");
  raw["id"] = hash.is_string() && !hash.get<std::string>().empty()
                  ? hash
                  : Json(type + "/" + own_or_null(raw, "created_at").dump() + "/" +
                         own_or_null(raw, "step").dump());
  std::string level = raw.value("level", Json("")).is_string() ? raw.value("level", "") : "";
  std::transform(level.begin(), level.end(), level.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  raw["level"] = level == "warning" ? "warn" : level.empty() ? "info" : level;
  raw["type"] = "message";
  return tidy_event(std::move(raw));
}

// {"step", "checkpoint_type", "created_at", "path"}; "ft-...:step" names an intermediate one.
Json checkpoint_json(Json raw, const std::string& job) {
  const Json step = own_or_null(raw, "step");
  const Json kind = own_or_null(raw, "checkpoint_type");
  const bool intermediate =
      kind.is_string() && kind.get<std::string>().find("ntermediate") != std::string::npos;
  raw["step_number"] = step;
  raw["fine_tuned_model_checkpoint"] = intermediate ? job + ":" + step.dump() : job;
  raw["id"] = raw["fine_tuned_model_checkpoint"].get<std::string>() + "/" +
              (kind.is_string() ? kind.get<std::string>() : "");
  return tidy_checkpoint(std::move(raw), job);
}

Json create_body(const JobSettings& settings) {
  Json body = {{"model", settings.model}, {"training_file", settings.training_file}};
  if (!settings.validation_file.empty()) {
    body["validation_file"] = settings.validation_file;
    body["n_evals"] = settings.epochs.value_or(1);  // 0 is the default and measures nothing
  }
  if (!settings.suffix.empty()) body["suffix"] = settings.suffix;
  if (settings.epochs) body["n_epochs"] = *settings.epochs;
  body["batch_size"] = settings.batch_size ? Json(*settings.batch_size) : Json("max");
  if (settings.learning_rate) body["learning_rate"] = *settings.learning_rate;
  Json lora = {{"type", "Lora"}};
  if (settings.lora_rank) {
    lora["lora_r"] = *settings.lora_rank;
    lora["lora_alpha"] =
        settings.lora_alpha.value_or(2.0 * static_cast<double>(*settings.lora_rank));
  }
  if (settings.lora_dropout) lora["lora_dropout"] = *settings.lora_dropout;
  if (lora.size() > 1) body["training_type"] = lora;
  return body;
}

}  // namespace

Reply<Received<wire::FileObject>> TogetherClient::upload_file(const Path& path,
                                                              const UploadOptions& options) {
  const std::string name = options.file_name.empty() ? path.filename().string() : options.file_name;
  std::error_code fault;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, fault));
  std::vector<FormField> form;
  form.push_back({.name = "purpose", .text = options.purpose});
  form.push_back({.name = "file_name", .text = name});
  form.push_back({.name = "file_type", .text = "jsonl"});
  form.push_back({.name = "file", .file = FileSlice{path}, .file_name = name});
  const auto report = [&options, size](std::int64_t sent) {
    if (options.progress) options.progress(std::min(sent, size), size);
  };
  const auto raw = session_.post_form("/files/upload", std::move(form), report);
  if (!raw) return CallRefused(raw.error());
  return read_file_object(file_json(*raw), "POST " + session_.address("/files/upload"));
}

Reply<Page<wire::FileObject>> TogetherClient::files(const ListQuery&) {
  return session_.get("/files").and_then([&](const Json& raw) {
    return read_page<wire::FileObject>(raw, "GET " + session_.address("/files"), file_json);
  });
}

Reply<Received<wire::FileObject>> TogetherClient::file(const std::string& id) {
  const std::string path = below("/files", id);
  return session_.get(path).and_then([&](const Json& raw) {
    return read_file_object(file_json(raw), "GET " + session_.address(path));
  });
}

Reply<void> TogetherClient::file_content(const std::string& id,
                                         const std::function<bool(std::string_view)>& sink) {
  return session_.download(below("/files", id) + "/content", sink);
}

Reply<Json> TogetherClient::delete_file(const std::string& id) {
  return session_.remove(below("/files", id));
}

Reply<JobView> TogetherClient::create_job(const JobSettings& settings) {
  return session_.post(kJobs, create_body(settings)).and_then([&](const Json& raw) {
    return read_own_job(raw, "POST " + session_.address(kJobs));
  });
}

Reply<Page<wire::JobObject>> TogetherClient::jobs(const ListQuery&) {
  return session_.get(kJobs).and_then([&](const Json& raw) {
    return read_page<wire::JobObject>(raw, "GET " + session_.address(kJobs),
                                      [](const Json& item) { return tidy_job(job_json(item)); });
  });
}

Reply<JobView> TogetherClient::job(const std::string& id) {
  const std::string path = below(kJobs, id);
  return session_.get(path).and_then(
      [&](const Json& raw) { return read_own_job(raw, "GET " + session_.address(path)); });
}

Reply<JobView> TogetherClient::cancel_job(const std::string& id) {
  const std::string path = below(kJobs, id) + "/cancel";
  return session_.post(path, Json::object()).and_then([&](const Json& raw) {
    return read_own_job(raw, "POST " + session_.address(path));
  });
}

Reply<JobView> TogetherClient::pause_job(const std::string&) {
  return CallRefused(missing_call(endpoint(), "pause a job"));
}

Reply<JobView> TogetherClient::resume_job(const std::string&) {
  return CallRefused(missing_call(endpoint(), "resume a job"));
}

Reply<Page<wire::EventObject>> TogetherClient::events(const std::string& job, const ListQuery&) {
  const std::string path = below(kJobs, job) + "/events";
  auto page = session_.get(path).and_then([&](const Json& raw) {
    return read_page<wire::EventObject>(raw, "GET " + session_.address(path), event_json);
  });
  // Oldest first there; ours are newest first.
  if (page) {
    std::stable_sort(page->items.begin(), page->items.end(), [](const auto& a, const auto& b) {
      return a.value.created_at < b.value.created_at;
    });
    std::reverse(page->items.begin(), page->items.end());
    page->has_more = false;
  }
  return page;
}

Reply<bool> TogetherClient::follow_events(const std::string&, std::string&, const EventReceiver&,
                                          const std::atomic<bool>&) {
  return false;
}

Reply<Page<wire::CheckpointObject>> TogetherClient::checkpoints(const std::string& job,
                                                                const ListQuery&) {
  const std::string path = below(kJobs, job) + "/checkpoints";
  return session_.get(path).and_then([&](const Json& raw) {
    return read_page<wire::CheckpointObject>(
        raw, "GET " + session_.address(path),
        [&](const Json& item) { return checkpoint_json(item, job); });
  });
}

Reply<std::string> TogetherClient::result_content(const JobView&) {
  return CallRefused(missing_call(endpoint(), "fetch the metrics of a job as a file"));
}

Reply<Page<wire::ModelObject>> TogetherClient::models() {
  return session_.get("/models").and_then([&](const Json& raw) {
    return read_page<wire::ModelObject>(raw, "GET " + session_.address("/models"), [](Json item) {
      if (!item.contains("owned_by")) item["owned_by"] = item.value("organization", Json());
      return tidy_model(std::move(item));
    });
  });
}

Reply<Received<wire::ModelObject>> TogetherClient::model(const std::string& id) {
  auto page = models();  // there is no call for one
  if (!page) return CallRefused(std::move(page).error());
  for (auto& model : page->items) {
    if (model.value.id == id) return std::move(model);
  }
  CallFailure failure;
  failure.where = "GET " + session_.address("/models");
  failure.status = 404;
  failure.message = "no model named " + id;
  failure.code = "model_not_found";
  return CallRefused(std::move(failure));
}

Reply<Json> TogetherClient::delete_model(const std::string& id) {
  return session_.remove(below("/models", id));
}

Reply<ChatAnswer> TogetherClient::chat(const ChatRequest& request) {
  return ask_chat(session_, "/chat/completions", request);
}

}  // namespace attune::client
