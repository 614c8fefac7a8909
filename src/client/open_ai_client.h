// The client for OpenAI's own protocol: OpenAI, Azure, Nebius, Attune and whatever is compatible.
#pragma once

#include "client/api_client.h"
#include "client/session.h"

namespace attune::client {

class OpenAiClient final : public ApiClient {
 public:
  explicit OpenAiClient(Session session) : session_(std::move(session)) {}
  const Endpoint& endpoint() const override { return session_.endpoint(); }

  Reply<Received<wire::FileObject>> upload_file(const Path& path,
                                                const UploadOptions& options) override;
  Reply<Page<wire::FileObject>> files(const ListQuery& query) override;
  Reply<Received<wire::FileObject>> file(const std::string& id) override;
  Reply<void> file_content(const std::string& id,
                           const std::function<bool(std::string_view)>& sink) override;
  Reply<Json> delete_file(const std::string& id) override;

  Reply<JobView> create_job(const JobSettings& settings) override;
  Reply<Page<wire::JobObject>> jobs(const ListQuery& query) override;
  Reply<JobView> job(const std::string& id) override;
  Reply<JobView> cancel_job(const std::string& id) override;
  Reply<JobView> pause_job(const std::string& id) override;
  Reply<JobView> resume_job(const std::string& id) override;
  Reply<Page<wire::EventObject>> events(const std::string& job, const ListQuery& query) override;
  Reply<bool> follow_events(const std::string& job, std::string& position,
                            const EventReceiver& receive, const std::atomic<bool>& stop) override;
  Reply<Page<wire::CheckpointObject>> checkpoints(const std::string& job,
                                                  const ListQuery& query) override;
  Reply<std::string> result_content(const JobView& job) override;

  Reply<Page<wire::ModelObject>> models() override;
  Reply<Received<wire::ModelObject>> model(const std::string& id) override;
  Reply<Json> delete_model(const std::string& id) override;

  Reply<ChatAnswer> chat(const ChatRequest& request) override;

 private:
  Reply<JobView> job_action(const std::string& id, const char* action);
  Reply<Received<wire::FileObject>> upload_whole(const Path& path, const UploadOptions& options);

  Session session_;
};

// The body of POST /fine_tuning/jobs in the provider's words.
Json job_request_body(const JobSettings& settings, const ProviderRules& rules);

// after, limit and the filters of a list.
QueryList list_query(const ListQuery& query);

// POST of a chat completion and its answer, which every dialect shares. `path` is where it is
// asked.
Reply<ChatAnswer> ask_chat(Session& session, const std::string& path, const ChatRequest& request);

}  // namespace attune::client
