#include "client/open_ai_client.h"

#include "client/chunked_upload.h"
#include "client/read_objects.h"

namespace attune::client {

namespace {

const std::string kJobs = "/fine_tuning/jobs";

std::string below(const std::string& collection, const std::string& id) {
  return collection + "/" + encode_segment(id);
}

// Nebius' names for what the others call n_epochs and learning_rate_multiplier.
Json nebius_hyperparameters(const JobSettings& settings) {
  Json body = Json::object();
  if (settings.epochs) body["n_epochs"] = *settings.epochs;
  if (settings.batch_size) body["batch_size"] = *settings.batch_size;
  if (settings.learning_rate) body["learning_rate"] = *settings.learning_rate;
  if (!settings.lora_rank && !settings.lora_alpha && !settings.lora_dropout) return body;
  body["lora"] = true;
  if (settings.lora_rank) body["lora_r"] = *settings.lora_rank;
  if (settings.lora_alpha) body["lora_alpha"] = *settings.lora_alpha;
  if (settings.lora_dropout) body["lora_dropout"] = *settings.lora_dropout;
  return body;
}

Json hyperparameters(const JobSettings& settings) {
  Json body = Json::object();
  if (settings.epochs) body["n_epochs"] = *settings.epochs;
  if (settings.batch_size) body["batch_size"] = *settings.batch_size;
  if (settings.learning_rate_multiplier)
    body["learning_rate_multiplier"] = *settings.learning_rate_multiplier;
  if (settings.learning_rate) body["learning_rate"] = *settings.learning_rate;
  if (settings.lora_rank) body["lora_rank"] = *settings.lora_rank;
  if (settings.lora_alpha) body["lora_alpha"] = *settings.lora_alpha;
  if (settings.lora_dropout) body["lora_dropout"] = *settings.lora_dropout;
  return body;
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t count_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

}  // namespace

QueryList list_query(const ListQuery& query) {
  QueryList list = query.filters;
  if (!query.after.empty()) list.emplace_back("after", query.after);
  if (query.limit) list.emplace_back("limit", std::to_string(*query.limit));
  return list;
}

Json job_request_body(const JobSettings& settings, const ProviderRules& rules) {
  Json body = {{"model", settings.model}, {"training_file", settings.training_file}};
  if (!settings.validation_file.empty()) body["validation_file"] = settings.validation_file;
  if (!settings.suffix.empty()) body["suffix"] = settings.suffix;
  if (settings.seed) body["seed"] = *settings.seed;
  if (rules.vendor == Vendor::nebius) {
    if (const Json own = nebius_hyperparameters(settings); !own.empty())
      body["hyperparameters"] = own;
  } else if (const Json own = hyperparameters(settings); !own.empty()) {
    body["method"] = {{"type", "supervised"}, {"supervised", {{"hyperparameters", own}}}};
  }
  if (!settings.metadata.empty()) body["metadata"] = settings.metadata;
  return body;
}

Reply<Received<wire::FileObject>> OpenAiClient::upload_whole(const Path& path,
                                                             const UploadOptions& options) {
  std::error_code fault;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, fault));
  std::vector<FormField> form;
  form.push_back({.name = "purpose", .text = options.purpose});
  form.push_back(
      {.name = "file",
       .file = FileSlice{path},
       .file_name = options.file_name.empty() ? path.filename().string() : options.file_name});
  const auto report = [&options, size](std::int64_t sent) {
    if (options.progress) options.progress(std::min(sent, size), size);
  };
  return session_.post_form("/files", std::move(form), report).and_then([&](const Json& raw) {
    return read_file_object(raw, "POST " + session_.address("/files"));
  });
}

Reply<Received<wire::FileObject>> OpenAiClient::upload_file(const Path& path,
                                                            const UploadOptions& options) {
  std::error_code fault;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, fault));
  if (fault || size <= options.part_bytes || !rules().uploads) return upload_whole(path, options);
  auto upload = upload_in_parts(session_, path, options);
  // A compatible server may know /files alone.
  const bool no_such_call =
      !upload && (upload.error().status == 404 || upload.error().status == 405 ||
                  upload.error().status == 501);
  if (no_such_call && size <= rules().most_file_bytes) return upload_whole(path, options);
  if (!upload) return CallRefused(std::move(upload).error());
  const std::string where = "POST " + session_.address("/uploads");
  const auto file = upload->find("file");
  if (file == upload->end() || !file->is_object())
    return CallRefused(unexpected_answer(where, "a completed upload without its file", "a file"));
  return read_file_object(*file, where);
}

Reply<Page<wire::FileObject>> OpenAiClient::files(const ListQuery& query) {
  return session_.get("/files", list_query(query)).and_then([&](const Json& raw) {
    return read_page<wire::FileObject>(raw, "GET " + session_.address("/files"), tidy_file);
  });
}

Reply<Received<wire::FileObject>> OpenAiClient::file(const std::string& id) {
  const std::string path = below("/files", id);
  return session_.get(path).and_then(
      [&](const Json& raw) { return read_file_object(raw, "GET " + session_.address(path)); });
}

Reply<void> OpenAiClient::file_content(const std::string& id,
                                       const std::function<bool(std::string_view)>& sink) {
  return session_.download(below("/files", id) + "/content", sink);
}

Reply<Json> OpenAiClient::delete_file(const std::string& id) {
  return session_.remove(below("/files", id));
}

Reply<JobView> OpenAiClient::create_job(const JobSettings& settings) {
  return session_.post(kJobs, job_request_body(settings, rules())).and_then([&](const Json& raw) {
    return read_job(raw, "POST " + session_.address(kJobs));
  });
}

Reply<Page<wire::JobObject>> OpenAiClient::jobs(const ListQuery& query) {
  return session_.get(kJobs, list_query(query)).and_then([&](const Json& raw) {
    return read_page<wire::JobObject>(raw, "GET " + session_.address(kJobs), tidy_job);
  });
}

Reply<JobView> OpenAiClient::job(const std::string& id) {
  const std::string path = below(kJobs, id);
  return session_.get(path).and_then(
      [&](const Json& raw) { return read_job(raw, "GET " + session_.address(path)); });
}

Reply<JobView> OpenAiClient::job_action(const std::string& id, const char* action) {
  const std::string path = below(kJobs, id) + "/" + action;
  return session_.post(path, Json::object()).and_then([&](const Json& raw) {
    return read_job(raw, "POST " + session_.address(path));
  });
}

Reply<JobView> OpenAiClient::cancel_job(const std::string& id) { return job_action(id, "cancel"); }

Reply<JobView> OpenAiClient::pause_job(const std::string& id) {
  if (!rules().pause) return CallRefused(missing_call(endpoint(), "pause a job"));
  return job_action(id, "pause");
}

Reply<JobView> OpenAiClient::resume_job(const std::string& id) {
  if (!rules().pause) return CallRefused(missing_call(endpoint(), "resume a job"));
  return job_action(id, "resume");
}

Reply<Page<wire::EventObject>> OpenAiClient::events(const std::string& job,
                                                    const ListQuery& query) {
  const std::string path = below(kJobs, job) + "/events";
  return session_.get(path, list_query(query)).and_then([&](const Json& raw) {
    return read_page<wire::EventObject>(raw, "GET " + session_.address(path), tidy_event);
  });
}

Reply<Page<wire::CheckpointObject>> OpenAiClient::checkpoints(const std::string& job,
                                                              const ListQuery& query) {
  const std::string path = below(kJobs, job) + "/checkpoints";
  return session_.get(path, list_query(query)).and_then([&](const Json& raw) {
    return read_page<wire::CheckpointObject>(
        raw, "GET " + session_.address(path),
        [&](const Json& item) { return tidy_checkpoint(item, job); });
  });
}

Reply<std::string> OpenAiClient::result_content(const JobView& job) {
  if (job.job.result_files.empty()) {
    CallFailure failure;
    failure.where = "job " + job.job.id;
    failure.message = "no result file, status " + job.status_text;
    failure.fix = "wait until the job has succeeded";
    failure.local_fault = true;
    return CallRefused(std::move(failure));
  }
  std::string content;
  return file_content(job.job.result_files.front(),
                      [&](std::string_view bytes) {
                        content += bytes;
                        return true;
                      })
      .map([&] { return std::move(content); });
}

Reply<Page<wire::ModelObject>> OpenAiClient::models() {
  return session_.get("/models").and_then([&](const Json& raw) {
    return read_page<wire::ModelObject>(raw, "GET " + session_.address("/models"), tidy_model);
  });
}

Reply<Received<wire::ModelObject>> OpenAiClient::model(const std::string& id) {
  const std::string path = below("/models", id);
  return session_.get(path).and_then(
      [&](const Json& raw) { return read_model(raw, "GET " + session_.address(path)); });
}

Reply<Json> OpenAiClient::delete_model(const std::string& id) {
  return session_.remove(below("/models", id));
}

Reply<ChatAnswer> OpenAiClient::chat(const ChatRequest& request) {
  const std::string deployment =
      endpoint().deployment_paths ? "/deployments/" + encode_segment(request.model) : "";
  return ask_chat(session_, deployment + "/chat/completions", request);
}

Reply<ChatAnswer> ask_chat(Session& session, const std::string& path, const ChatRequest& request) {
  Json body = {{"model", request.model}, {"messages", request.messages}};
  if (request.tools.is_array() && !request.tools.empty()) body["tools"] = request.tools;
  if (request.most_tokens) body[std::string(session.rules().answer_limit)] = *request.most_tokens;
  if (request.temperature) body["temperature"] = *request.temperature;
  if (request.seed) body["seed"] = *request.seed;
  const Reply<Json> raw = session.post(path, body);
  if (!raw) return CallRefused(raw.error());
  const std::string where = "POST " + session.address(path);
  const auto choices = raw->is_object() ? raw->find("choices") : raw->end();
  if (choices == raw->end() || !choices->is_array() || choices->empty() ||
      !choices->front().is_object() || !choices->front().contains("message") ||
      !choices->front()["message"].is_object()) {
    return CallRefused(unexpected_answer(where, "an answer without choices", "a chat completion"));
  }
  const Json& choice = choices->front();
  ChatAnswer answer;
  answer.text = text_at(choice["message"], "content");
  answer.finish_reason = text_at(choice, "finish_reason");
  if (const auto usage = raw->find("usage"); usage != raw->end() && usage->is_object()) {
    answer.prompt_tokens = count_at(*usage, "prompt_tokens");
    answer.completion_tokens = count_at(*usage, "completion_tokens");
  }
  return answer;
}

}  // namespace attune::client
