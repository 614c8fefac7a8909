// Sources: fw-ai-external/python-sdk 8399c12 (2026-07-21), src/fireworks/types and resources;
// docs.fireworks.ai/fine-tuning/fine-tuning-via-api (read 2026-11-24).
#include "client/fireworks_client.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "client/open_ai_client.h"
#include "client/read_objects.h"
#include "wire/ids.h"

namespace attune::client {

namespace {

constexpr const char* kJobs = "supervisedFineTuningJobs";

Json field(const Json& raw, const char* key) {
  return raw.is_object() ? raw.value(key, Json()) : Json();
}

std::string text(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

// "accounts/a/datasets/d" -> "d"
std::string last_segment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

Json file_json(const Json& raw) {
  const std::string id = last_segment(text(field(raw, "name")));
  const std::string shown = text(field(raw, "displayName"));
  return tidy_file({{"id", id},
                    {"filename", shown.empty() ? id : shown},
                    {"purpose", "fine-tune"},
                    {"created_at", unix_time_of(field(raw, "createTime"))},
                    {"status", text(field(raw, "state")) == "READY" ? "processed" : "uploaded"}});
}

Json job_json(const Json& raw) {
  const std::string state = text(field(raw, "state"));
  const wire::JobStatus status = status_of_word(state);
  const std::string said = text(field(field(raw, "status"), "message"));
  Json job = {{"id", last_segment(text(field(raw, "name")))},
              {"status", state},
              {"model", field(raw, "baseModel")},
              {"training_file", last_segment(text(field(raw, "dataset")))},
              {"created_at", field(raw, "createTime")},
              {"finished_at", field(raw, "completedTime")},
              {"hyperparameters",
               {{"n_epochs", field(raw, "epochs")},
                {"batch_size", field(raw, "batchSize")},
                {"learning_rate", field(raw, "learningRate")}}}};
  const std::string validation = last_segment(text(field(raw, "evaluationDataset")));
  if (!validation.empty()) job["validation_file"] = validation;
  if (status == wire::JobStatus::succeeded) job["fine_tuned_model"] = field(raw, "outputModel");
  if (status == wire::JobStatus::failed)
    job["error"] = {{"code", field(field(raw, "status"), "code")}, {"message", said}};
  return job;
}

Reply<JobView> read_own_job(const Json& raw, const std::string& where) {
  return read_job(job_json(raw), where).map([&](JobView view) {
    view.raw = raw;
    return view;
  });
}

// Letters, digits and hyphens, and an ending that keeps a second upload apart.
std::string dataset_id(const std::string& file_name) {
  std::string id;
  for (const char c : file_name.substr(0, file_name.rfind('.'))) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 && byte < 128)
      id += static_cast<char>(std::tolower(byte));
    else if (!id.empty() && id.back() != '-')
      id += '-';
    if (id.size() >= 40) break;
  }
  std::string ending = wire::new_id("", 8);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (id.empty() || id.back() != '-') id += '-';
  return (id.front() == '-' ? "data" : "") + id + ending;
}

CallFailure plain_failure(std::string where, std::string message, std::string fix) {
  CallFailure failure;
  failure.where = std::move(where);
  failure.message = std::move(message);
  failure.fix = std::move(fix);
  failure.local_fault = true;
  return failure;
}

}  // namespace

std::string FireworksClient::inference(const std::string& path) const {
  return endpoint().url.origin() + "/inference/v1" + path;
}

Reply<std::string> FireworksClient::account_address() {
  const std::string root = endpoint().url.origin() + "/v1/accounts";
  if (account_.empty()) account_ = endpoint().account;
  if (account_.empty()) {
    const auto raw = session_.get(root);
    if (!raw) return CallRefused(raw.error());
    const Json* accounts = find_items(*raw);
    if (accounts == nullptr || accounts->size() != 1) {
      return CallRefused(plain_failure(
          root, fmt::format("the key belongs to {} accounts", accounts ? accounts->size() : 0),
          "give --account or set FIREWORKS_ACCOUNT_ID"));
    }
    account_ = last_segment(text(field(accounts->front(), "name")));
  }
  return root + "/" + encode_segment(account_);
}

Reply<std::string> FireworksClient::address_of(const char* collection, const std::string& id) {
  return account_address().map([&](const std::string& account) {
    return account + "/" + collection + (id.empty() ? "" : "/" + encode_segment(last_segment(id)));
  });
}

// Files above the limit of direct uploads go to signed storage, then are looked over there.
Reply<Json> FireworksClient::send_to_storage(const std::string& dataset, const Path& path,
                                             const std::string& name, std::int64_t size,
                                             const UploadOptions& options) {
  const auto signed_urls = session_.post(dataset + ":getUploadEndpoint",
                                         {{"filenameToSize", {{name, std::to_string(size)}}}});
  if (!signed_urls) return CallRefused(signed_urls.error());
  const std::string url = text(field(field(*signed_urls, "filenameToSignedUrls"), name.c_str()));
  if (url.empty())
    return CallRefused(unexpected_answer("POST " + dataset, "no signed address", "one"));
  HttpRequest request{.method = "PUT", .url = url};
  request.headers = {{"Content-Type", "application/octet-stream"},
                     {"x-goog-content-length-range", fmt::format("{0},{0}", size)}};
  request.body_file = FileSlice{path};
  request.total_seconds = 0;
  request.on_sent = [&](std::int64_t sent) {
    if (options.progress) options.progress(std::min(sent, size), size);
  };
  if (const auto stored = session_.exchange_elsewhere(std::move(request)); !stored)
    return CallRefused(stored.error());
  return session_.post(dataset + ":validateUpload", Json::object());
}

Reply<Received<wire::FileObject>> FireworksClient::upload_file(const Path& path,
                                                               const UploadOptions& options) {
  const std::string name = options.file_name.empty() ? path.filename().string() : options.file_name;
  std::error_code fault;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, fault));
  if (fault) return CallRefused(plain_failure(path.string(), fault.message(), "check the file"));
  const auto datasets = address_of("datasets", "");
  if (!datasets) return CallRefused(datasets.error());
  const std::string id = dataset_id(name);
  const Json body = {{"datasetId", id},
                     {"dataset", {{"displayName", name}, {"userUploaded", Json::object()}}}};
  if (const auto created = session_.post(*datasets, body); !created)
    return CallRefused(created.error());
  const std::string dataset = *datasets + "/" + id;
  Reply<Json> sent = Json::object();
  if (size > rules().most_file_bytes) {
    sent = send_to_storage(dataset, path, name, size, options);
  } else {
    std::vector<FormField> form;
    form.push_back({.name = "file", .file = FileSlice{path}, .file_name = name});
    sent = session_.post_form(dataset + ":upload", std::move(form), [&](std::int64_t bytes) {
      if (options.progress) options.progress(std::min(bytes, size), size);
    });
  }
  if (!sent) return CallRefused(sent.error());
  return file(id);
}

Reply<Page<wire::FileObject>> FireworksClient::files(const ListQuery&) {
  const auto address = address_of("datasets", "");
  if (!address) return CallRefused(address.error());
  return session_.get(*address, {{"pageSize", "200"}}).and_then([&](const Json& raw) {
    return read_page<wire::FileObject>(raw, "GET " + *address, file_json);
  });
}

Reply<Received<wire::FileObject>> FireworksClient::file(const std::string& id) {
  const auto address = address_of("datasets", id);
  if (!address) return CallRefused(address.error());
  const auto raw = session_.get(*address);
  if (!raw) return CallRefused(raw.error());
  return read_file_object(file_json(*raw), "GET " + *address).map([&](auto received) {
    received.raw = *raw;
    return received;
  });
}

Reply<void> FireworksClient::file_content(const std::string&,
                                          const std::function<bool(std::string_view)>&) {
  return CallRefused(missing_call(endpoint(), "read a dataset back in one piece"));
}

Reply<Json> FireworksClient::delete_file(const std::string& id) {
  return address_of("datasets", id).and_then([&](const std::string& address) {
    return session_.remove(address);
  });
}

Reply<JobView> FireworksClient::create_job(const JobSettings& settings) {
  const auto account = account_address();
  if (!account) return CallRefused(account.error());
  const auto dataset_name = [&](const std::string& id) {
    return id.starts_with("accounts/") ? id : "accounts/" + account_ + "/datasets/" + id;
  };
  Json body = {{"baseModel", settings.model}, {"dataset", dataset_name(settings.training_file)}};
  if (!settings.validation_file.empty())
    body["evaluationDataset"] = dataset_name(settings.validation_file);
  if (!settings.suffix.empty()) body["displayName"] = settings.suffix;
  if (settings.epochs) body["epochs"] = *settings.epochs;
  if (settings.learning_rate) body["learningRate"] = *settings.learning_rate;
  if (settings.lora_rank) body["loraRank"] = *settings.lora_rank;
  if (settings.batch_size) body["batchSizeSamples"] = *settings.batch_size;
  const std::string address = *account + "/" + kJobs;
  return session_.post(address, body).and_then([&](const Json& raw) {
    return read_own_job(raw, "POST " + address);
  });
}

Reply<Page<wire::JobObject>> FireworksClient::jobs(const ListQuery&) {
  const auto address = address_of(kJobs, "");
  if (!address) return CallRefused(address.error());
  return session_.get(*address, {{"pageSize", "200"}}).and_then([&](const Json& raw) {
    return read_page<wire::JobObject>(raw, "GET " + *address,
                                      [](const Json& item) { return tidy_job(job_json(item)); });
  });
}

Reply<JobView> FireworksClient::job(const std::string& id) {
  const auto address = address_of(kJobs, id);
  if (!address) return CallRefused(address.error());
  return session_.get(*address).and_then(
      [&](const Json& raw) { return read_own_job(raw, "GET " + *address); });
}

Reply<JobView> FireworksClient::cancel_job(const std::string&) {
  CallFailure failure = missing_call(endpoint(), "cancel a supervised job");
  failure.fix = "delete the job in the provider's pages, which ends it";
  return CallRefused(std::move(failure));
}

Reply<JobView> FireworksClient::pause_job(const std::string&) {
  return CallRefused(missing_call(endpoint(), "pause a job"));
}

Reply<JobView> FireworksClient::resume_job(const std::string& id) {
  const auto address = address_of(kJobs, id);
  if (!address) return CallRefused(address.error());
  return session_.post(*address + ":resume", Json::object()).and_then([&](const Json& raw) {
    return read_own_job(raw, "POST " + *address);
  });
}

Reply<Page<wire::EventObject>> FireworksClient::events(const std::string& id, const ListQuery&) {
  const auto view = job(id);
  if (!view) return CallRefused(view.error());
  const Json progress = field(field(view->raw, "jobProgress"), "percent");
  const std::string time = text(field(view->raw, "updateTime"));
  const std::string share = progress.is_number() ? fmt::format(" ({} %)", progress.dump()) : "";
  const Json event = {{"id", view->status_text + share},
                      {"created_at", time.empty() ? field(view->raw, "createTime") : Json(time)},
                      {"level", view->job.error ? "error" : "info"},
                      {"message", view->status_text + share}};
  return read_page<wire::EventObject>({{"data", {event}}}, "job " + id, tidy_event);
}

Reply<bool> FireworksClient::follow_events(const std::string&, std::string&, const EventReceiver&,
                                           const std::atomic<bool>&) {
  return false;
}

Reply<Page<wire::CheckpointObject>> FireworksClient::checkpoints(const std::string&,
                                                                 const ListQuery&) {
  return CallRefused(missing_call(endpoint(), "list the checkpoints of a job"));
}

Reply<std::string> FireworksClient::result_content(const JobView&) {
  return CallRefused(missing_call(endpoint(), "fetch the metrics of a job as CSV"));
}

Reply<Page<wire::ModelObject>> FireworksClient::models() {
  return session_.get(inference("/models")).and_then([&](const Json& raw) {
    return read_page<wire::ModelObject>(raw, "GET " + inference("/models"), tidy_model);
  });
}

Reply<Received<wire::ModelObject>> FireworksClient::model(const std::string& id) {
  const auto address = address_of("models", id);
  if (!address) return CallRefused(address.error());
  const auto raw = session_.get(*address);
  if (!raw) return CallRefused(raw.error());
  return read_model({{"id", text(field(*raw, "name"))},
                     {"created", unix_time_of(field(*raw, "createTime"))},
                     {"owned_by", account_}},
                    "GET " + *address)
      .map([&](auto received) {
        received.raw = *raw;
        return received;
      });
}

Reply<Json> FireworksClient::delete_model(const std::string& id) {
  return address_of("models", id).and_then([&](const std::string& address) {
    return session_.remove(address);
  });
}

Reply<ChatAnswer> FireworksClient::chat(const ChatRequest& request) {
  return ask_chat(session_, inference("/chat/completions"), request);
}

}  // namespace attune::client
