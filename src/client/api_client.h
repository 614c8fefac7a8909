// Typed calls to a fine-tuning API, the same for every provider.
//
//   ATTUNE_TRY(std::unique_ptr<ApiClient> api, connect({.url = "http://127.0.0.1:8080/v1"}));
//   ATTUNE_TRY(const Received<wire::FileObject> file, api->upload_file("train.jsonl", {}));
//   ATTUNE_TRY(const JobView job, api->create_job({.model = "tiny", .training_file =
//   file.value.id}));
//
// The objects are OpenAI's; other dialects are translated into them. `raw` is always what the
// server sent. A call that a provider lacks fails and says so. One client serves one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/call.h"
#include "client/provider.h"
#include "io/json.h"
#include "wire/objects.h"

namespace attune::client {

template <typename T>
struct Received {
  T value;
  Json raw;
};

template <typename T>
struct Page {
  std::vector<Received<T>> items;
  bool has_more = false;
  Json raw;
};

struct ListQuery {
  std::string after = {};  // id of the last item seen
  std::optional<std::int64_t> limit = {};
  QueryList filters = {};  // "purpose", "metadata[key]"
};

struct UploadOptions {
  std::string purpose = "fine-tune";
  std::string file_name = {};  // empty: the path's own
  std::function<void(std::int64_t sent, std::int64_t all)> progress = {};
  Path state_folder = {};  // where a broken upload leaves its place; empty: nowhere
  std::int64_t part_bytes = std::int64_t{64} << 20;  // files larger than this go in parts
};

// What a job is asked to do. What is left out is the provider's to choose.
struct JobSettings {
  std::string model;
  std::string training_file;
  std::string validation_file = {};
  std::string suffix = {};
  std::optional<std::int64_t> seed = {};
  std::optional<std::int64_t> epochs = {};
  std::optional<std::int64_t> batch_size = {};
  std::optional<double> learning_rate_multiplier = {};
  std::optional<double> learning_rate = {};
  std::optional<std::int64_t> lora_rank = {};
  std::optional<double> lora_alpha = {};
  std::optional<double> lora_dropout = {};
  std::map<std::string, std::string> metadata = {};
};

// A job, and what some servers say of it beside OpenAI's fields.
struct JobView {
  wire::JobObject job;
  std::string status_text;  // the server's own word
  std::optional<std::int64_t> steps_done, steps_all;
  Json raw;

  bool finished() const;
};

struct ChatRequest {
  std::string model;
  Json messages = Json::array();
  Json tools = nullptr;
  std::optional<std::int64_t> most_tokens = {};
  std::optional<double> temperature = {};
  std::optional<std::int64_t> seed = {};
};

struct ChatAnswer {
  std::string text;
  std::string finish_reason;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
};

using EventReceiver = std::function<bool(const Received<wire::EventObject>&)>;

class ApiClient {
 public:
  virtual ~ApiClient() = default;
  virtual const Endpoint& endpoint() const = 0;
  const ProviderRules& rules() const { return *endpoint().rules; }

  virtual Reply<Received<wire::FileObject>> upload_file(const Path& path,
                                                        const UploadOptions& options) = 0;
  virtual Reply<Page<wire::FileObject>> files(const ListQuery& query) = 0;
  virtual Reply<Received<wire::FileObject>> file(const std::string& id) = 0;
  virtual Reply<void> file_content(const std::string& id,
                                   const std::function<bool(std::string_view)>& sink) = 0;
  virtual Reply<Json> delete_file(const std::string& id) = 0;

  virtual Reply<JobView> create_job(const JobSettings& settings) = 0;
  virtual Reply<Page<wire::JobObject>> jobs(const ListQuery& query) = 0;
  virtual Reply<JobView> job(const std::string& id) = 0;
  virtual Reply<JobView> cancel_job(const std::string& id) = 0;
  virtual Reply<JobView> pause_job(const std::string& id) = 0;
  virtual Reply<JobView> resume_job(const std::string& id) = 0;
  // Newest first, as the API has it.
  virtual Reply<Page<wire::EventObject>> events(const std::string& job, const ListQuery& query) = 0;
  // Hands on events as they happen, oldest first: those behind `position`, a place in the stream
  // that the server names and that is moved on with each event; all of them from "". Returns false
  // when this server has no stream of events, true when a stream ended.
  virtual Reply<bool> follow_events(const std::string& job, std::string& position,
                                    const EventReceiver& receive,
                                    const std::atomic<bool>& stop) = 0;
  virtual Reply<Page<wire::CheckpointObject>> checkpoints(const std::string& job,
                                                          const ListQuery& query) = 0;
  // The metrics of a finished job as the provider's file has them.
  virtual Reply<std::string> result_content(const JobView& job) = 0;

  virtual Reply<Page<wire::ModelObject>> models() = 0;
  virtual Reply<Received<wire::ModelObject>> model(const std::string& id) = 0;
  virtual Reply<Json> delete_model(const std::string& id) = 0;

  virtual Reply<ChatAnswer> chat(const ChatRequest& request) = 0;
};

// The client for an endpoint's dialect. Refused: what resolve_endpoint() refuses.
Result<std::unique_ptr<ApiClient>> connect(const EndpointOptions& options, HttpOptions http = {});
std::unique_ptr<ApiClient> make_client(Endpoint endpoint, HttpOptions http = {});

// The failure of a call that a provider does not have: "Together has no call to pause a job".
CallFailure missing_call(const Endpoint& endpoint, std::string_view what);

// Polls GET /files/{id} until the file is processed, in error or gone, at most `seconds`.
Reply<Received<wire::FileObject>> wait_for_file(ApiClient& api, const std::string& id,
                                                double seconds,
                                                const std::function<void(double)>& sleep);

}  // namespace attune::client
